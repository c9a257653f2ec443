/**
 * What spreadsheets take for a formula at the beginning of a cell, whichever blanks stand before it; quotes of earlier
 * turns may stand before that.
 */
const formula = /^'*[\s\uFEFF]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20|%]|^'*[\t\r\n]/;

/** A cell that no spreadsheet takes for a formula: a quote stands before one that might be. */
export function neutralise(cell: string): string {
  return formula.test(cell) ? `'${cell}` : cell;
}

/** Undoes exactly {@link neutralise}. */
export function restore(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}
