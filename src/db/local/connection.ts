import type { InValue, ResultSet, Row, Value } from "@libsql/client";
import { LibsqlError } from "@libsql/core/api";
import Database from "libsql";
import "./closed-once.ts";
import { faultOf } from "./fault.ts";
import { keptStatements, namesOf, type Ready, type Way } from "./kept.ts";
import { fromSql, toSql } from "./values.ts";

/** SQL text with `?` places, and their values in order. */
export interface Bound {
  readonly sql: string;
  readonly args: readonly InValue[];
}

/** What a statement did. */
export interface FileResult extends ResultSet {
  /** Its rows as lists of values; `rows` are made of them when they are asked for. */
  readonly values: Value[][];
}

/** One connection to a file. Each call is done when it returns. */
export interface FileConnection {
  run(bound: Bound, way: Way): FileResult;
  /** Begins a transaction that writes. Where another has the lock it throws, and this one is as good as before. */
  begin(): void;
  /** Whether a statement met a lock and stayed half-run, which would keep a later COMMIT from working. */
  isWedged(): boolean;
  isInTransaction(): boolean;
  close(): void;
}

/** Opens a file. SQLite waits for others for so long, in ms, and holds the process meanwhile. */
export function openConnection(path: string, timeoutMs: number): FileConnection {
  const db = new Database(path, { timeout: timeoutMs });
  const kept = keptStatements(db);
  let isWedged = false;
  return {
    begin() {
      try {
        // A kept one that met another's lock would stay half-run, and hold what is read then.
        db.exec("BEGIN IMMEDIATE");
      } catch (error) {
        throw faultOf(error);
      }
    },
    isWedged: () => isWedged,
    run({ sql, args }, way) {
      try {
        const values = args.map(toSql);
        const ready = kept.of(sql, values.length, way);
        const result = ready.answersRows ? read(ready, values, way) : write(ready, values);
        kept.ran(ready, lengthOf(values));
        return result;
      } catch (error) {
        kept.drop(sql, way);
        const fault = faultOf(error);
        isWedged ||= metLock(fault);
        throw fault;
      }
    },
    isInTransaction: () => db.open && db.inTransaction, // asking a closed one ends the process
    close: () => void (db.open && db.close()),
  };
}

function read(ready: Ready, args: readonly unknown[], way: Way): FileResult {
  const { statement, writes } = ready;
  const first = way === "first" ? statement.get(args) : undefined;
  const found = (way === "all" ? statement.all(args) : first === undefined ? [] : [first]) as unknown[][];
  const values = found.map((row) => row.map(fromSql));
  return resultOf(ready, values, writes ? values.length : 0, undefined);
}

function write(ready: Ready, args: readonly unknown[]): FileResult {
  const { changes, lastInsertRowid } = ready.statement.run(args);
  return resultOf(ready, [], changes, BigInt(lastInsertRowid));
}

function resultOf(
  ready: Ready,
  values: Value[][],
  rowsAffected: number,
  lastInsertRowid: bigint | undefined,
): FileResult {
  let rows: Row[] | undefined;
  const result = {
    values,
    get columns() {
      return ready.answersRows ? [...namesOf(ready, values[0]?.length).columns] : [];
    },
    columnTypes: [],
    get rows() {
      rows ??= values.length === 0 ? [] : values.map(namesOf(ready, values[0]?.length).row);
      return rows;
    },
    rowsAffected,
    lastInsertRowid,
    toJSON: () => ({ columns: result.columns, rows: values, rowsAffected, lastInsertRowid }),
  };
  return result;
}

function metLock(fault: unknown): boolean {
  return fault instanceof LibsqlError && /^SQLITE_(BUSY|LOCKED)/.test(fault.code);
}

function lengthOf(values: readonly unknown[]): number {
  let length = 0;
  for (const value of values) if (typeof value === "string" || value instanceof Uint8Array) length += value.length;
  return length;
}
