import type Database from "libsql";
import { HranaFault } from "./hrana-protocol.ts";

/**
 * The server's one write lock. As libSQL's server does, it takes the lock from whoever has had it for so long, as soon
 * as somebody else waits; the transaction is rolled back, and who held it hears so when it asks for more.
 */
export interface Lock {
  readonly stealAfterMs: number;
  /** How long a writer waits for another stream's transaction before it hears SQLITE_BUSY. */
  readonly patienceMs: number;
  readonly connections: () => Iterable<Connection>;
  /** Asked before each statement in a transaction: whether the transaction is taken back at this moment. */
  undoBefore?: ((sql: string) => boolean) | undefined;
}

/** One connection of the server. */
export interface Connection {
  readonly db: Database.Database;
  readonly lock: Lock;
  /** When it took the write lock that it holds. */
  heldSince: number | undefined;
  /** Whether its transaction was taken back and nobody told it yet. */
  undone: boolean;
}

/** Notes, after a statement, whether its connection has come by the lock or let it go. */
export function noteLock(connection: Connection, sql: string): void {
  if (!connection.db.inTransaction) connection.heldSince = undefined;
  else if (/^BEGIN IMMEDIATE/i.test(sql)) connection.heldSince = performance.now();
}

/** Takes the lock from whoever has had it too long; answers whether there was such a one. */
export function undoOldest({ connections, stealAfterMs }: Lock): boolean {
  for (const connection of connections()) {
    const { heldSince } = connection;
    if (heldSince === undefined || performance.now() - heldSince < stealAfterMs) continue;
    undo(connection);
    return true;
  }
  return false;
}

export function undo(connection: Connection): void {
  connection.db.exec("ROLLBACK");
  connection.heldSince = undefined;
  connection.undone = true;
}

/** Tells a connection, once, that its transaction was taken back. What comes after that is done outside of any. */
export function hearOfUndoing(connection: Connection): void {
  if (!connection.undone) return;
  connection.undone = false;
  throw new HranaFault("Transaction timed-out", "TRANSACTION_TIMEOUT");
}
