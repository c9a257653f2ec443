import { Database } from "bun:sqlite";
import type { Message } from "./message.ts";
import { migrate } from "./tables.ts";

/** The broker's tables and the statements of the hot path, each prepared once. */
export interface Store extends ReturnType<typeof statements> {
  readonly db: Database;
  /** A sequence number never used before in this process. */
  nextSeq(): number;
  close(): void;
}

/** Opens (and makes, where new) the broker's file. Every commit is on disk when it returns. */
export function openStore(path: string): Store {
  const db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA busy_timeout = 2000");
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  migrate(db);
  let seq = db.query<{ seq: number }, []>("SELECT coalesce(max(seq), 0) AS seq FROM message").get()?.seq ?? 0;
  return { ...statements(db), db, nextSeq: () => ++seq, close: () => db.close() };
}

/** Parameters of {@link Store.insert}, in order: every field of {@link Message}. */
export type InsertMessage = [
  seq: number,
  id: string,
  lane: string,
  due: number,
  created: number,
  starts: number,
  url: string,
  method: string,
  header: string,
  body: Uint8Array<ArrayBuffer>,
  retries: number,
  label: string | null,
  flow: string | null,
  schedule: string | null,
  extras: string | null,
];

type Bury = [
  ...[
    id: string,
    created: number,
    starts: number,
    url: string,
    method: string,
    header: string,
    body: Uint8Array<ArrayBuffer>,
  ],
  ...[retried: number, retries: number, label: string | null, flow: string | null, schedule: string | null],
  ...[extras: string | null, died: number, status: number | null, header: string | null, body: Uint8Array<ArrayBuffer>],
];

function statements(db: Database) {
  return {
    insert: db.query<never, InsertMessage>(
      `INSERT INTO message (seq, id, lane, due, created, starts, url, method, header, body, retries, label, flow, schedule, extras)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    load: db.query<Message, [seq: number]>("SELECT * FROM message WHERE seq = ?"),
    find: db.query<Message, [id: string]>("SELECT * FROM message WHERE id = ?"),
    remove: db.query<never, [seq: number]>("DELETE FROM message WHERE seq = ?"),
    postpone: db.query<never, [retried: number, due: number, seq: number]>(
      "UPDATE message SET retried = ?, due = ? WHERE seq = ?",
    ),
    count: db.query<{ n: number }, []>("SELECT count(*) AS n FROM message"),
    /** What is due in a lane, in order (index message_by_lane covers it). */
    dueInLane: db.query<{ seq: number }, [lane: string, now: number, limit: number]>(
      "SELECT seq FROM message WHERE lane = ? AND due <= ? ORDER BY due, seq LIMIT ?",
    ),
    /** The next (due, lane) after a mark: one seek in message_by_due, however many messages share the pair. */
    laneAfter: db.query<{ due: number; lane: string }, [due: number, lane: string, until: number]>(
      "SELECT due, lane FROM message WHERE (due, lane) > (?, ?) AND due <= ? ORDER BY due, lane LIMIT 1",
    ),
    /** Claims a deduplication key; no change means a living message holds it. */
    claimKey: db.query<never, [key: string, id: string, until: number, now: number]>(
      `INSERT INTO deduplication (key, id, until) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET id = excluded.id, until = excluded.until WHERE deduplication.until <= ?`,
    ),
    keyHolder: db.query<{ id: string }, [key: string]>("SELECT id FROM deduplication WHERE key = ?"),
    saveFlow: db.query<never, [key: string, parallelism: number | null, rate: number | null, period: number | null]>(
      "INSERT OR REPLACE INTO flow (key, parallelism, rate, period) VALUES (?, ?, ?, ?)",
    ),
    flow: db.query<{ parallelism: number | null; rate: number | null; period: number | null }, [key: string]>(
      "SELECT parallelism, rate, period FROM flow WHERE key = ?",
    ),
    bury: db.query<{ seq: number }, Bury>(
      `INSERT INTO dead (id, created, starts, url, method, header, body, retried, retries,
                         label, flow, schedule, extras, died, status, answerHeader, answerBody)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
    ),
  };
}
