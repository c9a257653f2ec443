import Database from "libsql";
import { type Connection, hearOfUndoing, noteLock, undo, undoOldest } from "./hrana-lock.ts";
import {
  type Batch,
  type BatchResult,
  type Cond,
  HranaFault,
  type Stmt,
  type StmtResult,
  type Value,
} from "./hrana-protocol.ts";
import { refusalOf } from "./hrana-refusals.ts";

/** What a value has of bytes at most. */
const mostOfValue = 5_000_000;

/**
 * Opens a connection with a busy time-out of zero: the waiting is done outside SQLite, which would block this process.
 */
export function openDatabase(path: string): Database.Database {
  return new Database(path, { timeout: 0 });
}

/** Runs one statement by itself, or as part of a transaction that is open. */
export async function execute(connection: Connection, stmt: Stmt, sql: string): Promise<StmtResult> {
  refuse(sql);
  hearOfUndoing(connection);
  return step(connection, stmt, sql);
}

async function step(connection: Connection, stmt: Stmt, sql: string): Promise<StmtResult> {
  const { db, lock } = connection;
  if (db.inTransaction && lock.undoBefore?.(sql)) undo(connection);
  hearOfUndoing(connection);
  const prepared = faulty("SQL_INPUT_ERROR", () => db.prepare(sql));
  const before = counters(db);
  const args = bound(stmt);
  // The same prepared statement each time: one that met a lock stays half-run, and would keep a later COMMIT from
  // working.
  const rows = await patiently(connection, () => faulty("SQLITE_UNKNOWN", () => run(prepared, args)));
  const after = counters(db);
  noteLock(connection, sql);
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
  for (const { stmt } of batch.steps) refuse(textOf(stmt));
  const result: BatchResult = { step_results: [], step_errors: [] };
  let undone: HranaFault | undefined;
  for (const [i, { condition, stmt }] of batch.steps.entries()) {
    result.step_results[i] = null;
    result.step_errors[i] = undone ?? null;
    if (undone || (condition && !holds(condition, result, connection.db))) continue;
    try {
      result.step_results[i] = await step(connection, stmt, textOf(stmt));
    } catch (fault) {
      if (!(fault instanceof HranaFault)) throw fault;
      result.step_errors[i] = fault;
      // Whatever its condition is, no later step is done either.
      if (fault.code === "TRANSACTION_TIMEOUT") undone = fault;
    }
  }
  return result;
}

function refuse(sql: string): void {
  const why = refusalOf(sql);
  if (why) throw new HranaFault(`SQL string could not be parsed: ${why}`, "SQL_PARSE_ERROR");
}

/** An answer that is too long is none; the transaction of a batch ends with its stream. */
export function withinLimit<Answer extends object>(bytes: number, answer: Answer): Answer {
  if (JSON.stringify(answer).length <= bytes) return answer;
  throw new HranaFault("Response is too large", "RESPONSE_TOO_LARGE");
}

/** Runs a script up to its first fault. */
export async function sequence(connection: Connection, sql: string): Promise<void> {
  const { db } = connection;
  refuse(sql);
  hearOfUndoing(connection);
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
  if (sizeOf(value) > mostOfValue) throw new HranaFault("SQLite error: string or blob too big", "SQLITE_TOOBIG");
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

function sizeOf(value: Value): number {
  return value.type === "text"
    ? Buffer.byteLength(value.value)
    : value.type === "blob"
      ? value.base64.length * 0.75
      : 0;
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

async function patiently<T>({ db, lock }: Connection, work: () => T): Promise<T> {
  const deadline = performance.now() + lock.patienceMs;
  for (;;) {
    try {
      return work();
    } catch (fault) {
      const busy = fault instanceof HranaFault && fault.code === "SQLITE_BUSY";
      if (!busy || db.inTransaction || performance.now() > deadline) throw fault;
      if (!undoOldest(lock)) await Bun.sleep(2); // another stream holds the lock
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
