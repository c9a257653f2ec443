import Database from "libsql";

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

/** One connection of the server. */
export interface Connection {
  readonly db: Database.Database;
  /** How long a statement outside a transaction waits for another stream's write transaction. */
  readonly lockPatienceMs: number;
}

/**
 * Opens a connection with a busy time-out of zero: the waiting is done outside SQLite, which would block this process.
 */
export function openDatabase(path: string): Database.Database {
  return new Database(path, { timeout: 0 });
}

export async function execute(connection: Connection, stmt: Stmt, sql: string): Promise<StmtResult> {
  const { db } = connection;
  const prepared = faulty("SQL_INPUT_ERROR", () => db.prepare(sql));
  const before = counters(db);
  const args = bound(stmt);
  // The same prepared statement each time: one that met a lock stays half-run, and would keep a later COMMIT from
  // working.
  const rows = await patiently(connection, () => faulty("SQLITE_UNKNOWN", () => run(prepared, args)));
  const after = counters(db);
  const cols = prepared.reader ? prepared.columns() : [];
  return {
    cols: cols.map((col) => ({ name: col.name, decltype: col.type })),
    rows: stmt.want_rows === false ? [] : rows.map((row) => row.map(toValue)),
    affected_row_count: after.total === before.total ? 0 : after.changes,
    last_insert_rowid: after.rowid,
  };
}

export async function executeBatch(
  connection: Connection,
  batch: Batch,
  textOf: (stmt: Stmt) => string,
): Promise<BatchResult> {
  const result: BatchResult = { step_results: [], step_errors: [] };
  for (const [i, { condition, stmt }] of batch.steps.entries()) {
    result.step_results[i] = null;
    result.step_errors[i] = null;
    if (condition && !holds(condition, result, connection.db)) continue;
    try {
      result.step_results[i] = await execute(connection, stmt, textOf(stmt));
    } catch (fault) {
      if (!(fault instanceof HranaFault)) throw fault;
      result.step_errors[i] = fault;
    }
  }
  return result;
}

/** Runs a script up to its first fault. */
export async function sequence(connection: Connection, sql: string): Promise<void> {
  const { db } = connection;
  // A script that is half done cannot be tried again, so the lock is waited for first.
  await patiently(connection, () => {
    if (!db.inTransaction) faulty("SQLITE_UNKNOWN", () => db.exec("BEGIN IMMEDIATE; ROLLBACK"));
  });
  faulty("SQLITE_UNKNOWN", () => db.exec(sql));
}

/** A statement's parameters and columns; what the native client does not tell, the statement's bytecode does. */
export function describe(db: Database.Database, sql: string) {
  const prepared = faulty("SQL_INPUT_ERROR", () => db.prepare(sql));
  const isExplain = /^\s*explain\b/i.test(sql);
  const code = isExplain ? [] : (db.prepare(`EXPLAIN ${sql}`).all() as Opcode[]);
  const params: { name: string | null }[] = [];
  for (const { opcode, p1, p4 } of code) if (opcode === "Variable") params[p1 - 1] = { name: p4 };
  return {
    params: Array.from(params, (param) => param ?? { name: null }),
    cols: prepared.columns().map((col) => ({ name: col.name, decltype: col.type })),
    is_explain: isExplain,
    is_readonly: !code.some(({ opcode, p2 }) => opcode === "Transaction" && p2 > 0),
  };
}

interface Opcode {
  opcode: string;
  p1: number;
  p2: number;
  p4: string | null;
}

function run(prepared: Database.Statement, args: unknown): unknown[][] {
  if (!prepared.reader) {
    prepared.run(args);
    return [];
  }
  return prepared.raw(true).safeIntegers(true).all(args) as unknown[][];
}

function counters(db: Database.Database) {
  const read = db.prepare("SELECT total_changes(), changes(), CAST(last_insert_rowid() AS TEXT)");
  const [total, changes, rowid] = read.raw(true).get([]) as [number, number, string];
  return { total, changes, rowid };
}

function bound(stmt: Stmt): unknown {
  if (!stmt.named_args?.length) return (stmt.args ?? []).map(fromValue);
  if (stmt.args?.length) {
    throw new HranaFault(
      "Specifying both positional and named arguments is not supported",
      "ARGS_BOTH_POSITIONAL_AND_NAMED",
    );
  }
  return Object.fromEntries(stmt.named_args.map(({ name, value }) => [name.replace(/^[:@$]/, ""), fromValue(value)]));
}

function fromValue(value: Value): unknown {
  switch (value.type) {
    case "null":
      return null;
    case "integer":
      return BigInt(value.value);
    case "blob":
      return Buffer.from(value.base64, "base64");
    default:
      return value.value;
  }
}

function toValue(value: unknown): Value {
  switch (typeof value) {
    case "bigint":
      return { type: "integer", value: String(value) };
    case "number":
      return { type: "float", value };
    case "string":
      return { type: "text", value };
    default:
      return value === null
        ? { type: "null" }
        : { type: "blob", base64: Buffer.from(value as Uint8Array).toString("base64") };
  }
}

function holds(cond: Cond, so: BatchResult, db: Database.Database): boolean {
  switch (cond.type) {
    case "ok":
      return so.step_results[cond.step] != null;
    case "error":
      return so.step_errors[cond.step] != null;
    case "not":
      return !holds(cond.cond, so, db);
    case "and":
      return cond.conds.every((one) => holds(one, so, db));
    case "or":
      return cond.conds.some((one) => holds(one, so, db));
    case "is_autocommit":
      return !db.inTransaction;
  }
}

async function patiently<T>({ db, lockPatienceMs }: Connection, work: () => T): Promise<T> {
  const deadline = performance.now() + lockPatienceMs;
  for (;;) {
    try {
      return work();
    } catch (fault) {
      const busy = fault instanceof HranaFault && fault.code === "SQLITE_BUSY";
      if (!busy || db.inTransaction || performance.now() > deadline) throw fault;
      await Bun.sleep(2); // another stream holds the lock
    }
  }
}

/** A remote libSQL names the primary code alone, and a fault found while reading the SQL by where it was found. */
function faulty<T>(plainError: string, work: () => T): T {
  try {
    return work();
  } catch (fault) {
    if (fault instanceof HranaFault || !(fault instanceof Database.SqliteError)) throw fault;
    const primary = fault.code.split("_").slice(0, 2).join("_");
    throw new HranaFault(`SQLite error: ${fault.message}`, primary === "SQLITE_ERROR" ? plainError : primary);
  }
}
