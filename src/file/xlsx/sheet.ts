import { type Bounds, beyond } from "../bounds.ts";
import type { FileFault, FileRow, RowBatch } from "../file.ts";
import type { RowOptions } from "../rows.ts";
import { type CellText, type CellWorld, cellText, noCell, type RawCell } from "./cell.ts";
import { textGatherer } from "./rich-text.ts";
import { Unreadable } from "./unreadable.ts";
import { type Attributes, xmlReader } from "./xml.ts";

/** As many as a sheet has. */
const most = { rows: 1_048_576, columns: 16_384 };

/**
 * The rows of a sheet whose text comes in pieces. Cells say where they are, in whatever order, or stand behind one
 * another. Only what holds something counts: a cell far out makes no empty ones. What is wrong with a cell stands in
 * its row's place; what is wrong with the sheet ends it there.
 */
export async function* sheetRows(
  texts: AsyncIterable<string>,
  world: CellWorld,
  options: SheetOptions,
): AsyncGenerator<RowBatch> {
  const sheet = sheetReader(world, options);
  try {
    for await (const text of texts) {
      sheet.xml.take(text);
      yield sheet.batch();
    }
    sheet.xml.end();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { rows, upTo } = sheet.batch();
    yield { rows, upTo, end: { ...sheet.place(), message: `the file ${error.message}` } };
  }
}

type SheetOptions = RowOptions & { readonly bounds: Bounds };

function sheetReader(world: CellWorld, options: SheetOptions) {
  const rows = rowBuilder(options);
  const cell = cellReader(world);
  let isRead = false;
  const xml = xmlReader({
    open(name, attributes) {
      if (name === "sheetData") isRead = true;
      if (!isRead) return;
      if (name === "row") rows.begin(attributes);
      else if (name === "c") {
        rows.moveTo(attributes);
        cell.begin(attributes);
      } else cell.open(name);
    },
    text(text) {
      if (isRead) cell.text(text);
    },
    close(name) {
      if (name === "sheetData") isRead = false;
      if (!isRead) return;
      if (name === "row") rows.end();
      else if (name === "c") rows.put(cell.end());
      else cell.close(name);
    },
  });
  return { xml, place: rows.place, batch: rows.batch };
}

/** Gathers what stands in a cell. */
function cellReader(world: CellWorld) {
  const inline = textGatherer(world.mostCharacters);
  let isValue = false;
  let cell: { -readonly [Key in keyof RawCell]: RawCell[Key] } = { ...noCell };
  return {
    begin({ t: type = "n", s: style = "0" }: Attributes): void {
      cell = { type, style: Number(style), value: undefined, inline: undefined, isFormula: false };
    },
    open(name: string): void {
      if (name === "v") [isValue, cell.value] = [true, ""];
      else if (name === "f") cell.isFormula = true;
      else inline.open(name);
    },
    text(text: string): void {
      if (!isValue) inline.text(text);
      else if (cell.value !== undefined && cell.value.length <= world.mostCharacters) cell.value += text;
    },
    close(name: string): void {
      if (name === "v") isValue = false;
      else if (name === "is") cell.inline = inline.take() ?? null;
      else inline.close(name);
    },
    end: () => cellText(cell, world),
  };
}

/** Puts cells into rows, each at its place, and gathers the rows. */
function rowBuilder(options: SheetOptions) {
  const { bounds } = options;
  const asWideAsFirst = createWidth(options);
  let rows: FileRow[] = [];
  let [row, column, length] = [0, 0, 0];
  let [cells, fault]: [string[], FileFault | undefined] = [[], undefined];
  return {
    begin({ r }: Attributes): void {
      const next = r === undefined ? row + 1 : Number(r);
      if (!Number.isInteger(next) || next <= row || next > most.rows)
        throw new Unreadable(`is damaged: after row ${row} comes row ${String(r).slice(0, 20)}`);
      [row, column, length, cells, fault] = [next, 0, 0, [], undefined];
      if (row > bounds.rows)
        throw new Unreadable(
          `has more than the ${bounds.rows.toLocaleString("en")} rows that one may have: cut it into several`,
        );
    },
    moveTo({ r }: Attributes): void {
      column = r === undefined ? column + 1 : columnOf(r, row);
      if (column > most.columns) throw new Unreadable("is damaged: a row has more cells than a sheet has columns");
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

/** The column of a reference such as `AB7`, which must lie in its row. */
function columnOf(reference: string, row: number): number {
  let [column, at] = [0, 0];
  for (; at < reference.length && at < 4; at++) {
    const letter = reference.charCodeAt(at) - 0x40;
    if (letter < 1 || letter > 26) break;
    column = column * 26 + letter;
  }
  if (column === 0 || reference.slice(at) !== String(row))
    throw new Unreadable(`is damaged: row ${row} has a cell ${reference.slice(0, 20)}`);
  return column;
}
