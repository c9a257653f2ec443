import { LibsqlError } from "@libsql/core/api";
import Database from "libsql";

/** The primary codes of SQLite, by number; an extended code has its primary one in its lowest byte. */
const codes = [
  "OK,ERROR,INTERNAL,PERM,ABORT,BUSY,LOCKED,NOMEM,READONLY,INTERRUPT,IOERR,CORRUPT,NOTFOUND,FULL,CANTOPEN,PROTOCOL",
  "EMPTY,SCHEMA,TOOBIG,CONSTRAINT,MISMATCH,MISUSE,NOLFS,AUTH,FORMAT,RANGE,NOTADB,NOTICE,WARNING",
].flatMap((line) => line.split(","));

/** The error as the remote client would throw it: `code` is the primary code, e.g. `SQLITE_BUSY`. */
export function faultOf(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const { rawCode, message } = error;
  const primary = rawCode === undefined ? "UNKNOWN" : (codes[rawCode & 0xff] ?? `UNKNOWN_${rawCode & 0xff}`);
  return new LibsqlError(message, `SQLITE_${primary}`, error.code, rawCode, error);
}
