/** Where a sign comes next in a text, from any place; past its end where it does not. Remembers what it found. */
export function seeker(text: string, sign: string): (from: number) => number {
  let [asked, found] = [0, -1];
  return (from) => {
    if (from < asked || from > found) {
      asked = from;
      const at = text.indexOf(sign, from);
      found = at < 0 ? Number.POSITIVE_INFINITY : at;
    }
    return found;
  };
}

export interface LineEnd {
  readonly at: number;
  /** Where the next line begins. */
  readonly next: number;
}

/** Where lines end: with LF, CRLF, CR, or the text where it is the last. Undefined where that is still to come. */
export function lineSeeker(text: string, isLast: boolean): (from: number) => LineEnd | undefined {
  const lf = seeker(text, "\n");
  const cr = seeker(text, "\r");
  return (from) => {
    const at = Math.min(lf(from), cr(from), text.length);
    if (at === text.length) return isLast ? { at, next: at } : undefined;
    if (text[at] === "\n") return { at, next: at + 1 };
    if (at + 1 === text.length && !isLast) return undefined; // an LF may follow
    return { at, next: text[at + 1] === "\n" ? at + 2 : at + 1 };
  };
}
