import type { RowBatch } from "../file.ts";
import { type CellText, type CellWorld, cellText } from "./cell.ts";
import { isSaid, textGatherer } from "./rich-text.ts";
import { rowBuilder, type SheetOptions } from "./row.ts";
import { Unreadable } from "./unreadable.ts";
import { type Attributes, type Path, xmlReader } from "./xml.ts";

/** Characters that are read together: fewer of them, where cells make much of little by referring to long texts. */
const piece = { least: 1_024, most: 65_536, made: 262_144 };

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
    let size = piece.least;
    for await (const text of texts) {
      for (let at = 0, next = 0; at < text.length; at = next) {
        next = at + size;
        sheet.xml.take(text.slice(at, next));
        const batch = sheet.batch();
        const made = batch.rows.reduce((sum, { length }) => sum + length, 0);
        size = made > piece.made ? piece.least : Math.min(size * 2, piece.most);
        yield batch;
      }
    }
    sheet.xml.end();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { rows, upTo } = sheet.batch();
    yield { rows, upTo, end: { why: error.why, ...sheet.place(), message: `the file ${error.message}` } };
  }
}

/** A cell as nearly all are. */
const usualCell =
  /<c r="([A-Z]{1,3})(\d{1,7})"(?: s="(\d{1,5})")?(?: t="([a-z]{1,3})")?><v>([^<&\r\]]{0,40})<\/v><\/c>/y;

function sheetReader(world: CellWorld, options: SheetOptions) {
  const rows = rowBuilder(options);
  const cell = cellReader(world);
  const xml = xmlReader({
    open(name, attributes, path) {
      if (!path.includes("sheetData")) return;
      const parent = path.at(-1);
      if (name === "row" && parent === "sheetData") rows.begin(attributes);
      else if (name === "c" && parent === "row") {
        rows.moveTo(attributes);
        cell.begin(attributes);
      } else if (parent === "c") cell.open(name);
      if ((name === "row" || name === "c") && parent !== holders[name])
        throw new Unreadable("is damaged: a row or a cell is not where it belongs");
    },
    text: cell.text,
    close(name, path) {
      if (!path.includes("sheetData")) return;
      if (name === "row") rows.end();
      else if (name === "c") rows.put(cell.end());
    },
    shortcut: {
      within: isRow,
      take(text, at) {
        usualCell.lastIndex = at;
        const [, column, row, s = "0", type = "n", value] = usualCell.exec(text) ?? [];
        if (column === undefined || row === undefined) return -1;
        rows.moveBy(column, row);
        rows.put(cellText({ type, style: Number(s), value, isFormula: false }, world));
        return usualCell.lastIndex;
      },
    },
  });
  return { xml, place: rows.place, batch: rows.batch };
}

const holders = { row: "sheetData", c: "row" };

/** Elsewhere there are rows, too: those that a picture or a button is at. */
function isRow(path: Path): boolean {
  return path.at(-1) === "row" && path.at(-2) === holders.row;
}

/** Gathers what stands in a cell. */
function cellReader(world: CellWorld) {
  const gathered = textGatherer(world.mostCharacters);
  let [type, style, hasValue, isFormula] = ["n", 0, false, false];
  return {
    begin({ t = "n", s = "0" }: Attributes): void {
      [type, style, hasValue, isFormula] = [t, Number(s), false, false];
    },
    open(name: string): void {
      if (name === "f") isFormula = true;
      else if (name === (type === "inlineStr" ? "is" : "v")) hasValue = true;
    },
    text(text: string, path: Path): void {
      if (hasValue && (type === "inlineStr" ? isSaid(path) : path.at(-1) === "v" && path.at(-2) === "c"))
        gathered.add(text);
    },
    end(): CellText {
      const value = gathered.take();
      const cell = { type, style, value: hasValue ? value : undefined, isFormula };
      hasValue = false;
      return cellText(cell, world);
    },
  };
}
