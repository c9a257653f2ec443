import { usualBounds } from "../file/bounds.ts";

/*
 * Cells of a report that no spreadsheet takes for a formula. A quote is put before each place at which one could begin:
 * at the cell's own beginning, and behind what another country's Excel takes for the end of a cell (a semicolon, a tab,
 * a line end). Quotes that stand there already are counted on, so that one is taken off again, and no other.
 */

/** `=`, `+`, `-`, `@`, their wide, small and mathematical forms, and what older programs take: `|` and `%`. */
const sign = "[=+\\-@\\|%\\uFF1D\\uFF0B\\uFF0D\\uFF20\\uFE66\\uFE62\\uFE63\\uFE6B\\u2212]";
/** What may stand before it and is passed over: blanks and what nobody sees, but what ends a cell. */
const blank = "[[\\s\\p{Cc}\\p{Default_Ignorable_Code_Point}\\p{Cf}]--[\\t\\r\\n]]";
const start = "(?<=^|[;\\t\\r\\n])";
const begins = `'*${blank}*${sign}`;
/** Programs drop these from the beginning of a cell, and take what follows for it. */
const dropped = "'*[\\t\\r\\n]";

const toQuote = new RegExp(`${start}(?=${begins})|^(?=${dropped})`, "gv");
const quoted = new RegExp(`${start}'(?=${begins})|^'(?=${dropped})`, "gv");
const allQuoted = new RegExp(`${start}'+(?=${blank}*${sign})|^'+(?=[\\t\\r\\n])`, "gv");
/** Nearly all cells are so. */
const plain = /^[\p{L}\p{N}][\p{L}\p{N} .,:+@_-]*$|^$/u;

/** A cell that no spreadsheet takes for a formula, or for several cells of which one is. */
export function neutralise(cell: string): string {
  return plain.test(cell) ? cell : cell.replace(toQuote, "'");
}

/** Undoes exactly {@link neutralise}; any other text stays as it is. */
export function restore(cell: string): string {
  return cell.includes("'") ? cell.replace(quoted, "") : cell;
}

/** The same of all quotes that stand there, by however many reports they came. */
export function withoutQuotes(cell: string): string {
  return cell.includes("'") ? cell.replace(allQuoted, "") : cell;
}

/** Whether a cell is longer, with its quotes, than a spreadsheet's may be: it would not come back from a report. */
export function isTooLongForReports(cell: string): boolean {
  return cell.length * 1.5 + 1 > usualBounds.cell && neutralise(cell).length > usualBounds.cell;
}

const most = usualBounds.cell.toLocaleString("en");
export const tooLongForReports = `has more than ${most} characters once it is quoted, to be no formula in a report`;
