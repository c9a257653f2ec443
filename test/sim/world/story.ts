/** What happened, a line each, as a person reads it. */
export interface Story {
  /** Keeps a line, with the time. */
  say(line: string): void;
  readonly lines: readonly string[];
}

export function createStory(now: () => number): Story {
  const lines: string[] = [];
  return {
    lines,
    say(line) {
      const told = `${new Date(now()).toISOString().slice(0, -1).replace("T", " ")}  ${line}`;
      lines.push(told);
    },
  };
}
