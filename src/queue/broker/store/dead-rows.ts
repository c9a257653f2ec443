import type { Database } from "bun:sqlite";
import type { DeadLetter } from "../dead-letter.ts";
import type { Named, Values } from "./store.ts";

/** Messages that were given up. */
export function deadRows(db: Database) {
  return {
    bury: db.query<{ seq: number }, [Named]>(
      `INSERT INTO dead (id, created, starts, url, method, header, body, retried, retries, label, flow, schedule,
                         queue, topic, ip, extras, died, status, answerHeader, answerBody)
       VALUES ($id, $created, $starts, $url, $method, $header, $body, $retried, $retries, $label, $flow, $schedule,
               $queue, $topic, $ip, $extras, $died, $status, $answerHeader, $answerBody) RETURNING seq`,
    ),
    deadWhere: (where: string, values: Values, limit: number): DeadLetter[] =>
      db
        .prepare<DeadLetter, (string | number)[]>(`SELECT * FROM dead WHERE ${where} ORDER BY seq DESC LIMIT ?`)
        .all(...values, limit),
    isDead: db.query<{ seq: number }, [id: string]>("SELECT seq FROM dead WHERE id = ? LIMIT 1"),
    unbury: db.query<never, [seq: number]>("DELETE FROM dead WHERE seq = ?"),
    purgeDead: db.query<never, [before: number, limit: number]>(
      "DELETE FROM dead WHERE seq IN (SELECT seq FROM dead WHERE died <= ? LIMIT ?)",
    ),
  };
}
