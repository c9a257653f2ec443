import type { Database } from "bun:sqlite";
import type { Message } from "../records.ts";
import type { Values } from "./parameters.ts";

/** What can happen to a message. */
export type LogState =
  | "CREATED"
  | "ACTIVE"
  | "ERROR"
  | "RETRY"
  | "DELIVERED"
  | "FAILED"
  | "CANCEL_REQUESTED"
  | "CANCELLED";

/** What few entries say besides their state. */
export interface LogExtras {
  /** When the message is tried next, ms. */
  readonly next?: number;
  /** The answer that was no success; 0 when there was none. */
  readonly status?: number;
  readonly error?: string;
  /** Lists of values by name. */
  readonly header?: Readonly<Record<string, readonly string[]>>;
  /** Base64, cut. */
  readonly body?: string;
}

/** One entry with the message it is about. */
export interface LogEntry extends Omit<Message, "seq"> {
  readonly logSeq: number;
  readonly time: number;
  readonly state: LogState;
  /** JSON of {@link LogExtras}. */
  readonly logExtras: string | null;
}

/** What happened to messages, one row each time. */
export function logRows(db: Database) {
  const chunkStart = db.query<{ first: number | null }, [before: number, length: number]>(
    "SELECT min(seq) AS first FROM (SELECT seq FROM log WHERE seq < ? ORDER BY seq DESC LIMIT ?)",
  );
  return {
    /** The time of the newest entry: nobody has seen a later one here, unless the clock was set back. */
    lastLogged: db.query<{ time: number }, []>("SELECT time FROM log ORDER BY seq DESC LIMIT 1"),
    log: db.query<never, [message: number, time: number, state: LogState, extras: string | null]>(
      "INSERT INTO log (message, time, state, extras) VALUES (?, ?, ?, ?)",
    ),
    /** The number of the first of the `length` entries before number `before`; nothing where there are none. */
    logChunkStart: (before: number, length: number): number | undefined =>
      chunkStart.get(before, length)?.first ?? undefined,
    /** Entries about messages that a filter finds, newest first. */
    logWhere: (where: string, values: Values, limit: number): LogEntry[] =>
      db
        .prepare<LogEntry, (string | number)[]>(
          `SELECT message.*, log.seq AS logSeq, log.time, log.state, log.extras AS logExtras
           FROM log CROSS JOIN message ON message.seq = log.message
           WHERE ${where} ORDER BY log.seq DESC LIMIT ?`,
        )
        .all(...values, limit),
    /** The same for single messages, by their ids: without walking the log. */
    logOf: (ids: readonly string[], where: string, values: Values, limit: number): LogEntry[] =>
      db
        .prepare<LogEntry, (string | number)[]>(
          `SELECT message.*, log.seq AS logSeq, log.time, log.state, log.extras AS logExtras
           FROM message CROSS JOIN log ON log.message = message.seq
           WHERE message.id IN (${ids.map(() => "?").join(", ")}) AND ${where} ORDER BY log.seq DESC LIMIT ?`,
        )
        .all(...ids, ...values, limit),
  };
}
