import { type Bounds, beyond } from "./bounds.ts";
import { type CutText, cellAt } from "./cell.ts";
import type { LineEnd } from "./seek.ts";

/** A row as it stands in a text. `next` is where the one after it begins. */
export type SplitRow = SoundRow | FaultyRow;

interface SoundRow {
  readonly cells: readonly string[];
  readonly next: number;
  /** Where the second line of the row begins, when a cell in quotes has several. */
  readonly within: number | undefined;
}

interface FaultyRow {
  readonly fault: string;
  readonly column: number | null;
  /** Undefined when the line has no end yet: what is left of it belongs to nobody. */
  readonly next: number | undefined;
}

/**
 * The row that begins at a place; undefined when the text ends before it does. Cells stand between delimiters, in
 * quotes where they hold delimiters, quotes (doubled) or line ends. Nothing is made of what is beyond the bounds. A
 * faulty row ends with the line in which its faulty cell began: what follows is read as if the fault were not there,
 * and no line is read more than twice.
 */
export function rowAt(cut: CutText, from: number, bounds: Bounds): SplitRow | undefined {
  const end = cut.lineEnd(from);
  const until = end?.at ?? cut.known;
  const quote = cut.quote(from);
  if (Math.min(until, quote) - from > bounds.row) return longRow(cut, from, bounds);
  if (quote < until) return quotedRow(cut, from, bounds);
  return end && plainRow(cut, from, end, bounds);
}

/** A row that is too long: where one cell is already, it is that one's fault. */
function longRow(cut: CutText, from: number, bounds: Bounds): FaultyRow {
  const cells = cut.text.slice(from, from + bounds.row).split(cut.delimiter, bounds.columns);
  const column = cells.findIndex(({ length }) => length > bounds.cell) + 1;
  return column > 0
    ? faulty(cut, beyond("cell", bounds), from, column)
    : faulty(cut, beyond("row", bounds), from, null);
}

/** A row without quotes. */
function plainRow(cut: CutText, from: number, { at, next }: LineEnd, bounds: Bounds): SplitRow {
  const cells = cut.text.slice(from, at).split(cut.delimiter, bounds.columns + 1);
  if (cells.length > bounds.columns) return faulty(cut, beyond("columns", bounds), from, cells.length);
  const long = at - from > bounds.cell ? cells.findIndex(({ length }) => length > bounds.cell) : -1;
  return long < 0 ? { cells, next, within: undefined } : faulty(cut, beyond("cell", bounds), from, long + 1);
}

function quotedRow(cut: CutText, from: number, bounds: Bounds): SplitRow | undefined {
  const { text, isLast, delimiter, lineEnd } = cut;
  const cells: string[] = [];
  let within: number | undefined;
  for (let at = from; ; ) {
    const cell = cellAt(cut, at);
    const column = cells.length + 1;
    const until = cell?.end ?? cut.known;
    if (until - from > bounds.row)
      return faulty(cut, beyond("row", bounds), at, until - at > bounds.cell ? column : null);
    if (!cell) return isLast ? faulty(cut, "opens a quote that is never closed", at, column) : undefined;
    if ("fault" in cell) return faulty(cut, cell.fault, at, column);
    if (column > bounds.columns) return faulty(cut, beyond("columns", bounds), at, column);
    if (cell.value.length > bounds.cell) return faulty(cut, beyond("cell", bounds), at, column);
    const line = lineEnd(at);
    if (line && line.at < cell.end) within ??= line.next;
    cells.push(cell.value);
    if (text[cell.end] !== delimiter) {
      const last = lineEnd(cell.end);
      return last && { cells, next: last.next, within };
    }
    at = cell.end + 1;
  }
}

function faulty({ lineEnd }: CutText, fault: string, at: number, column: number | null): FaultyRow {
  return { fault, column, next: lineEnd(at)?.next };
}
