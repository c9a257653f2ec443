import type { RowBatch } from "../file.ts";
import { type CellText, type CellWorld, cellText, noCell, type RawCell } from "./cell.ts";
import { textGatherer } from "./rich-text.ts";
import { rowBuilder, type SheetOptions } from "./row.ts";
import { Unreadable } from "./unreadable.ts";
import { type Attributes, xmlReader } from "./xml.ts";

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
    yield { rows, upTo, end: { why: error.why, ...sheet.place(), message: `the file ${error.message}` } };
  }
}

/** A cell as nearly all are. */
const usualCell = /<c r="([A-Z]{1,3})(\d{1,7})"(?: s="(\d{1,5})")?(?: t="([a-z]{1,3})")?><v>([^<&\r]{0,40})<\/v><\/c>/y;

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
    shortcut(text, at) {
      if (!isRead) return -1;
      usualCell.lastIndex = at;
      const [, column, row, s, t, value] = usualCell.exec(text) ?? [];
      if (column === undefined || row === undefined) return -1;
      rows.moveBy(column, row);
      rows.put(cell.whole(t, s, value));
      return usualCell.lastIndex;
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
    whole(type = "n", style = "0", value = ""): CellText {
      cell = { type, style: Number(style), value, inline: undefined, isFormula: false };
      return cellText(cell, world);
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
