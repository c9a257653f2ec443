import { type Bounds, beyond } from "../bounds.ts";
import type { FileFault, FileRow, RowBatch } from "../file.ts";
import type { RowOptions } from "../rows.ts";
import type { CellText } from "./cell.ts";
import { Unreadable } from "./unreadable.ts";
import type { Attributes } from "./xml.ts";

/** As many as a sheet has. */
const most = { rows: 1_048_576, columns: 16_384 };

export type SheetOptions = RowOptions & { readonly bounds: Bounds };

/** Puts cells into rows, each at its place, and gathers the rows. */
export function rowBuilder(options: SheetOptions) {
  const { bounds } = options;
  const asWideAsFirst = createWidth(options);
  let rows: FileRow[] = [];
  let [row, column, length] = [0, 0, 0];
  let [cells, fault, named]: [string[], FileFault | undefined, string] = [[], undefined, ""];
  /** By column, the row in which there was a cell last. */
  const filled = new Uint32Array(most.columns + 1);
  return {
    begin({ r }: Attributes): void {
      row = rowAfter(row, r, bounds);
      [column, length, cells, fault, named] = [0, 0, [], undefined, String(row)];
    },
    moveTo({ r }: Attributes): void {
      const [, letters, digits = ""] = r === undefined ? [] : (/^([A-Z]{1,3})(\d{1,7})$/.exec(r) ?? ["", "?"]);
      this.moveBy(letters, digits);
    },
    /** To the column of these letters, or the next one. */
    moveBy(letters: string | undefined, digits: string): void {
      if (letters !== undefined && digits !== named)
        throw new Unreadable(`is damaged: row ${row} has a cell that is not in it`);
      column = letters === undefined ? column + 1 : columnOf(letters);
      if (column > most.columns) throw new Unreadable("is damaged: a row has more cells than a sheet has columns");
      if (filled[column] === row) throw new Unreadable("is damaged: a row has a cell twice");
      filled[column] = row;
    },
    put(read: CellText): void {
      if (fault || ("text" in read && read.text === "")) return;
      if (column > bounds.columns) fault = { row, column, message: beyond("columns", bounds) };
      else if ("fault" in read) fault = { row, column, message: read.fault };
      else {
        length += read.text.length;
        if (length > bounds.row) fault = { row, column: null, message: beyond("row", bounds) };
        while (cells.length < column - 1) cells.push("");
        cells[column - 1] = read.text;
      }
    },
    end(): void {
      if (fault) rows.push({ row, fault, length: 0 });
      else if (hold(cells)) rows.push(asWideAsFirst({ row, cells, length }));
    },
    place: () => ({ row: Math.max(row, 1), column: column > 0 ? column : null }),
    batch(): RowBatch {
      const batch = { rows, upTo: row };
      rows = [];
      return batch;
    },
  };
}

function rowAfter(row: number, r: string | undefined, { rows }: Bounds): number {
  const next = r === undefined ? row + 1 : Number(r);
  if (!Number.isInteger(next) || next <= row || next > most.rows)
    throw new Unreadable(`is damaged: after row ${row} comes row ${String(r).slice(0, 20)}`);
  if (next <= rows) return next;
  const message = `has more than the ${rows.toLocaleString("en")} rows that one may have: cut it into several`;
  throw new Unreadable(message, "full");
}

/** Takes the blank cells at the end away; whether there are others. */
function hold(cells: string[]): boolean {
  while (cells.at(-1)?.trim() === "") cells.pop();
  return cells.length > 0;
}

/** Rows are as wide as the first one, where that is wanted; one that is wider is a fault. */
function createWidth({ width }: RowOptions) {
  let expected: number | undefined;
  return (read: { row: number; cells: string[]; length: number }): FileRow => {
    const { row, cells } = read;
    expected ??= cells.length;
    if (width === "any") return read;
    while (cells.length < expected) cells.push("");
    if (cells.length === expected) return read;
    return {
      row,
      length: 0,
      fault: { row, column: null, message: `has ${cells.length} cells, the header ${expected}` },
    };
  };
}

/** The number of the column of these letters. */
function columnOf(letters: string): number {
  let column = 0;
  for (let at = 0; at < letters.length; at++) column = column * 26 + letters.charCodeAt(at) - 0x40;
  return column;
}
