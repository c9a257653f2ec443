import { createHash } from "node:crypto";

/** What happened, a line each, as a person reads it; and its digest, by which two histories are compared. */
export interface Story {
  /** Keeps a line, with the time. */
  say(line: string): void;
  readonly lines: readonly string[];
  digest(): string;
}

export function createStory(now: () => number): Story {
  const lines: string[] = [];
  const hash = createHash("sha256");
  return {
    lines,
    say(line) {
      const told = `${new Date(now()).toISOString().slice(0, -1).replace("T", " ")}  ${line}`;
      lines.push(told);
      hash.update(`${told}\n`);
    },
    digest: () => hash.copy().digest("hex"),
  };
}
