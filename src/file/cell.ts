import { type LineEnd, lineSeeker, seeker } from "./seek.ts";

/** A text that is cut into cells, and where its signs come next. */
export interface CutText {
  readonly text: string;
  /** Up to where it is known what stands in it: a CR at its end may be half of a line end. */
  readonly known: number;
  /** Whether nothing follows it. */
  readonly isLast: boolean;
  readonly delimiter: string;
  readonly quote: (from: number) => number;
  readonly nextDelimiter: (from: number) => number;
  readonly lineEnd: (from: number) => LineEnd | undefined;
}

export function cutText(text: string, isLast: boolean, delimiter: string): CutText {
  const [quote, nextDelimiter] = [seeker(text, '"'), seeker(text, delimiter)];
  const known = !isLast && text.endsWith("\r") ? text.length - 1 : text.length;
  return { text, known, isLast, delimiter, quote, nextDelimiter, lineEnd: lineSeeker(text, isLast) };
}

/** A cell, or what is wrong with it, and where that is. */
export type Cell = { readonly end: number; readonly value: string } | { readonly end: number; readonly fault: string };

/** The cell that begins at a place; undefined when the text ends before it does. */
export function cellAt(cut: CutText, at: number): Cell | undefined {
  return cut.text[at] === '"' ? quotedCell(cut, at) : bareCell(cut, at);
}

function quotedCell({ text, isLast, delimiter, quote }: CutText, at: number): Cell | undefined {
  for (let closing = quote(at + 1); closing < text.length; closing = quote(closing + 2)) {
    const end = closing + 1;
    const after = text[end];
    if (after === '"') continue;
    if (after === undefined && !isLast) return undefined;
    const isEnd = after === undefined || after === delimiter || after === "\n" || after === "\r";
    if (!isEnd) return { end, fault: "has text after a closing quote" };
    return { end, value: text.slice(at + 1, closing).replaceAll('""', '"') };
  }
  return undefined;
}

function bareCell({ text, quote, nextDelimiter, lineEnd }: CutText, at: number): Cell | undefined {
  const end = Math.min(nextDelimiter(at), lineEnd(at)?.at ?? Number.POSITIVE_INFINITY);
  const inside = quote(at);
  if (inside < Math.min(end, text.length))
    return { end: inside, fault: "has a quote inside a cell that is not quoted" };
  return end <= text.length ? { end, value: text.slice(at, end) } : undefined;
}
