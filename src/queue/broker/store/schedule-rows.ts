import type { Database } from "bun:sqlite";
import type { Schedule } from "../records.ts";
import type { Named } from "./parameters.ts";

/** Schedules with the time of their next tick. */
export function scheduleRows(db: Database) {
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
      `INSERT INTO schedule (id, cron, created, next, url, method, header, body, delay, retries,
                             label, flow, queue, topic, ip, extras)
       VALUES ($id, $cron, $created, $next, $url, $method, $header, $body, $delay, $retries,
               $label, $flow, $queue, $topic, $ip, $extras)
       ON CONFLICT (id) DO UPDATE SET
         next = CASE WHEN schedule.cron = excluded.cron THEN schedule.next ELSE excluded.next END,
         cron = excluded.cron, url = excluded.url, method = excluded.method, header = excluded.header,
         body = excluded.body, delay = excluded.delay, retries = excluded.retries, label = excluded.label,
         flow = excluded.flow, queue = excluded.queue, topic = excluded.topic, ip = excluded.ip,
         extras = excluded.extras`,
    ),
    advance: db.query<never, [next: number, id: string]>("UPDATE schedule SET next = ? WHERE id = ?"),
    /** `sent` is a JSON list of the ids of the tick's messages. */
    ticked: db.query<never, [next: number | null, last: number, sent: string, id: string]>(
      "UPDATE schedule SET next = ?, last = ?, sent = ? WHERE id = ?",
    ),
    pauseSchedule: db.query<never, [paused: number, next: number | null, id: string]>(
      "UPDATE schedule SET paused = ?, next = ? WHERE id = ?",
    ),
    removeSchedule: db.query<never, [id: string]>("DELETE FROM schedule WHERE id = ?"),
  };
}
