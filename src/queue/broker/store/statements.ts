import type { Database } from "bun:sqlite";
import type { DeadLetter } from "../dead-letter.ts";
import type { Message } from "../message.ts";
import type { Schedule } from "../schedule/ticker.ts";

type Values = readonly (string | number)[];
type Named = Record<string, string | number | null | Uint8Array<ArrayBuffer>>;

export function messageStatements(db: Database) {
  return {
    insert: db.query<never, [Named]>(
      `INSERT INTO message (seq, id, lane, due, created, starts, url, method, header, body, retries, label, flow, schedule, extras)
       VALUES ($seq, $id, $lane, $due, $created, $starts, $url, $method, $header, $body, $retries, $label, $flow, $schedule, $extras)`,
    ),
    load: db.query<Message, [seq: number]>("SELECT * FROM message WHERE seq = ?"),
    find: db.query<Message, [id: string]>("SELECT * FROM message WHERE id = ?"),
    remove: db.query<never, [seq: number]>("DELETE FROM message WHERE seq = ?"),
    removeWhere: (where: string, values: Values): number =>
      db.prepare<never, (string | number)[]>(`DELETE FROM message WHERE ${where}`).run(...values).changes,
    postpone: db.query<never, [retried: number, due: number, seq: number]>(
      "UPDATE message SET retried = ?, due = ? WHERE seq = ?",
    ),
    /** What is due in a lane, in order (index message_by_lane covers it). */
    dueInLane: db.query<{ seq: number }, [lane: string, now: number, limit: number]>(
      "SELECT seq FROM message WHERE lane = ? AND due <= ? ORDER BY due, seq LIMIT ?",
    ),
    /** The next (due, lane) after a mark: one seek in message_by_due, however many messages share the pair. */
    laneAfter: db.query<{ due: number; lane: string }, [due: number, lane: string, until: number]>(
      "SELECT due, lane FROM message WHERE (due, lane) > (?, ?) AND due <= ? ORDER BY due, lane LIMIT 1",
    ),
  };
}

export function deadStatements(db: Database) {
  return {
    bury: db.query<{ seq: number }, [Named]>(
      `INSERT INTO dead (id, created, starts, url, method, header, body, retried, retries,
                         label, flow, schedule, extras, died, status, answerHeader, answerBody)
       VALUES ($id, $created, $starts, $url, $method, $header, $body, $retried, $retries,
               $label, $flow, $schedule, $extras, $died, $status, $answerHeader, $answerBody) RETURNING seq`,
    ),
    deadWhere: (where: string, values: Values, limit: number): DeadLetter[] =>
      db
        .prepare<DeadLetter, (string | number)[]>(`SELECT * FROM dead WHERE ${where} ORDER BY seq DESC LIMIT ?`)
        .all(...values, limit),
    unbury: db.query<never, [seq: number]>("DELETE FROM dead WHERE seq = ?"),
    sweepDead: db.query<never, [before: number, limit: number]>(
      "DELETE FROM dead WHERE seq IN (SELECT seq FROM dead WHERE died <= ? LIMIT ?)",
    ),
  };
}

export function scheduleStatements(db: Database) {
  return {
    schedules: db.query<Schedule, []>("SELECT * FROM schedule ORDER BY id"),
    schedule: db.query<Schedule, [id: string]>("SELECT * FROM schedule WHERE id = ?"),
    nextSchedule: db.query<{ next: number }, []>(
      "SELECT next FROM schedule WHERE paused = 0 AND next IS NOT NULL ORDER BY next LIMIT 1",
    ),
    dueSchedules: db.query<Schedule, [now: number, limit: number]>(
      "SELECT * FROM schedule WHERE paused = 0 AND next <= ? ORDER BY next LIMIT ?",
    ),
    keepSchedule: db.query<never, [Named]>(
      `INSERT INTO schedule (id, cron, created, next, url, method, header, body, delay, retries, label, flow, extras)
       VALUES ($id, $cron, $created, $next, $url, $method, $header, $body, $delay, $retries, $label, $flow, $extras)
       ON CONFLICT (id) DO UPDATE SET
         next = CASE WHEN schedule.cron = excluded.cron THEN schedule.next ELSE excluded.next END,
         cron = excluded.cron, url = excluded.url, method = excluded.method, header = excluded.header,
         body = excluded.body, delay = excluded.delay, retries = excluded.retries, label = excluded.label,
         flow = excluded.flow, extras = excluded.extras`,
    ),
    ticked: db.query<never, [next: number | null, last: number, id: string]>(
      "UPDATE schedule SET next = ?, last = ? WHERE id = ?",
    ),
    turnSchedule: db.query<never, [paused: number, next: number | null, id: string]>(
      "UPDATE schedule SET paused = ?, next = ? WHERE id = ?",
    ),
    removeSchedule: db.query<never, [id: string]>("DELETE FROM schedule WHERE id = ?"),
  };
}

interface Limits {
  readonly parallelism: number | null;
  readonly rate: number | null;
  readonly period: number | null;
}

export function keyStatements(db: Database) {
  return {
    /** Claims a deduplication key; no change means a living one holds it. */
    claimKey: db.query<never, [key: string, id: string, until: number, now: number]>(
      `INSERT INTO deduplication (key, id, until) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET id = excluded.id, until = excluded.until WHERE deduplication.until <= ?`,
    ),
    keyHolder: db.query<{ id: string }, [key: string]>("SELECT id FROM deduplication WHERE key = ?"),
    sweepKeys: db.query<never, [now: number, limit: number]>(
      "DELETE FROM deduplication WHERE key IN (SELECT key FROM deduplication WHERE until <= ? LIMIT ?)",
    ),
    flow: db.query<Limits, [key: string]>("SELECT parallelism, rate, period FROM flow WHERE key = ?"),
    saveFlow: db.query<never, [key: string, parallelism: number | null, rate: number | null, period: number | null]>(
      "INSERT OR REPLACE INTO flow (key, parallelism, rate, period) VALUES (?, ?, ?, ?)",
    ),
    freePages: db.query<{ freelist_count: number }, []>("PRAGMA freelist_count"),
    /** Forgets the limits of keys that no message has; the next one brings them again. */
    sweepFlows: db.query<never, []>(
      `DELETE FROM flow WHERE NOT EXISTS (SELECT 1 FROM message WHERE lane = 'flow:' || flow.key)
                          AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.flow = flow.key)`,
    ),
  };
}
