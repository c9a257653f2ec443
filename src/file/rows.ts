import { type Bounds, beyond, usualBounds } from "./bounds.ts";
import { cutText } from "./cell.ts";
import type { FileEnd, FileFault, FileRow, RowBatch } from "./file.ts";
import { rowAt, type SplitRow } from "./split.ts";

export interface RowOptions {
  /** Whether every row has as many cells as the first one, or as many as it likes. */
  readonly width: "first" | "any";
  readonly bounds?: Bounds;
}

/** The most that is looked at for what stands between the cells. */
const headSize = 65_536;

/**
 * The rows of a text that comes in pieces. What stands between the cells – comma, semicolon or tab – is taken from the
 * first line. Blank rows are left out, but counted; what is wrong with a row stands in its place, and those after it
 * are read.
 */
export async function* rowsOf(texts: AsyncIterable<string>, options: RowOptions): AsyncGenerator<RowBatch> {
  let head = "";
  let reader: ReturnType<typeof rowReader> | undefined;
  for await (const text of texts) {
    head += text;
    if (!reader && head.length < headSize && !/[^\r\n][\r\n]/.test(head)) continue;
    reader ??= rowReader(delimiterOf(head), options);
    yield reader.read(head, false);
    head = "";
    if (reader.isFull()) return;
  }
  reader ??= rowReader(delimiterOf(head), options);
  yield reader.read(head, true);
}

/** What the first line that is not blank has most of, outside of quotes. */
function delimiterOf(head: string): string {
  const [line = ""] = head
    .replace(/"[^"]*"/g, "")
    .replace(/^[\r\n]+/, "")
    .split(/[\r\n]/, 1);
  const counted = [",", ";", "\t"].map((delimiter) => ({ delimiter, count: line.split(delimiter).length }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

function rowReader(delimiter: string, options: RowOptions) {
  const { bounds = usualBounds } = options;
  const faultOf = createFaultOf(options);
  let rest = "";
  let row = 0;
  /** Whether the text up to the next line end belongs to a row that was told already. */
  let isSkipping = false;

  /** Takes a row, and answers where the next one begins. */
  function take(split: SplitRow, at: number, into: FileRow[]): number | undefined {
    row++;
    if ("cells" in split && split.cells.every(isBlank)) return split.next;
    const fault = faultOf(split, row);
    if (fault) into.push({ row, fault, length: 0 });
    else if ("cells" in split) into.push({ row, cells: split.cells, length: split.next - at });
    // A row of the wrong width that runs over several lines may have swallowed others: they are read by themselves.
    return fault && "within" in split ? (split.within ?? split.next) : split.next;
  }

  return {
    isFull: () => row > bounds.rows,
    read(piece: string, isLast: boolean): RowBatch {
      const text = rest + piece;
      const cut = cutText(text, isLast, delimiter);
      const rows: FileRow[] = [];
      let at = isSkipping ? cut.lineEnd(0)?.next : 0;
      while (at !== undefined && at < text.length) {
        const split = rowAt(cut, at, bounds);
        if (!split) break;
        if (row === bounds.rows) return { rows, upTo: row, end: tooMany(++row, bounds) };
        at = take(split, at, rows);
      }
      isSkipping = at === undefined;
      // The LF of a CRLF may still come.
      rest = at === undefined ? text.slice(text.endsWith("\r") ? -1 : text.length) : text.slice(at);
      return { rows, upTo: row };
    },
  };
}

/** Says what is wrong with a row as such, or that it has not as many cells as the first. */
function createFaultOf({ width }: RowOptions) {
  let expected: number | undefined;
  return (split: SplitRow, row: number): FileFault | undefined => {
    if ("fault" in split) return { row, column: split.column, message: split.fault };
    const { length } = split.cells;
    expected ??= length;
    if (width === "any" || length === expected) return undefined;
    const doubt = split.within === undefined ? "" : "; is a quote never closed?";
    return { row, column: null, message: `has ${length} cells, the header ${expected}${doubt}` };
  };
}

function tooMany(row: number, bounds: Bounds): FileEnd {
  return { why: "full", row, column: null, message: beyond("rows", bounds) };
}

function isBlank(cell: string): boolean {
  return cell === "" || cell.trim() === "";
}
