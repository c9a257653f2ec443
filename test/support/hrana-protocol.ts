/**
 * The part of Hrana's protocol (version 2 and 3, JSON) that is about SQL:
 * https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md
 */
export type Value =
  | { type: "null" }
  | { type: "integer"; value: string }
  | { type: "float"; value: number }
  | { type: "text"; value: string }
  | { type: "blob"; base64: string };

export interface Stmt {
  sql?: string;
  sql_id?: number;
  args?: Value[];
  named_args?: { name: string; value: Value }[];
  want_rows?: boolean;
}

export interface StmtResult {
  cols: { name: string; decltype: string | null }[];
  rows: Value[][];
  affected_row_count: number;
  last_insert_rowid: string;
}

export type Cond =
  | { type: "ok" | "error"; step: number }
  | { type: "not"; cond: Cond }
  | { type: "and" | "or"; conds: Cond[] }
  | { type: "is_autocommit" };

export interface Batch {
  steps: { condition?: Cond; stmt: Stmt }[];
}

export interface BatchResult {
  step_results: (StmtResult | null)[];
  step_errors: (HranaFault | null)[];
}

/** A fault of a statement as the protocol reports it. */
export class HranaFault extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
  toJSON() {
    return { message: this.message, code: this.code };
  }
}
