/** What a file may have at most; asked before anything is made of what is beyond. */
export interface Bounds {
  readonly columns: number;
  /** Characters of one cell: as many as a spreadsheet's may have. */
  readonly cell: number;
  /** Characters of one row: a quote that is never closed must not swallow the file into memory. */
  readonly row: number;
  readonly rows: number;
}

export const usualBounds: Bounds = { columns: 1_000, cell: 32_767, row: 1_000_000, rows: 10_000_000 };

/** What is wrong with a row that is beyond a bound. */
export function beyond(what: keyof Bounds, { [what]: most }: Bounds): string {
  const limit = most.toLocaleString("en");
  if (what === "columns") return `has more than ${limit} cells`;
  if (what === "cell") return `has more than ${limit} characters`;
  if (what === "row") return `is longer than ${limit} characters; is a quote never closed?`;
  return `is more than the ${limit} rows that one file may have: cut it into several`;
}

/** Bytes of a file: who reads it reads all of it before its first row. */
export const mostBytes = 2_000_000_000;
