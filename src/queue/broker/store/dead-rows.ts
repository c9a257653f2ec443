import type { Database } from "bun:sqlite";
import type { DeadLetter } from "../records.ts";
import type { Named, Values } from "./parameters.ts";

/** Messages that were given up. */
export function deadRows(db: Database) {
  const chunkStart = db.query<{ first: number | null }, [before: number, length: number]>(
    "SELECT min(seq) AS first FROM (SELECT seq FROM dead WHERE seq < ? ORDER BY seq DESC LIMIT ?)",
  );
  let seq = db.query<{ seq: number }, []>("SELECT coalesce(max(seq), 0) AS seq FROM dead").get()?.seq ?? 0;
  return {
    /**
     * A number never used before in this process: what dies while someone pages through the others comes before them.
     */
    nextDead: () => ++seq,
    bury: db.query<never, [Named]>(
      `INSERT INTO dead (seq, id, created, starts, url, method, header, body, retried, retries, label, flow,
                         schedule, queue, topic, ip, extras, died, status, answerHeader, answerBody)
       VALUES ($seq, $id, $created, $starts, $url, $method, $header, $body, $retried, $retries, $label, $flow,
               $schedule, $queue, $topic, $ip, $extras, $died, $status, $answerHeader, $answerBody)`,
    ),
    /** The number of the first of the `length` letters before number `before`; nothing where there are none. */
    deadChunkStart: (before: number, length: number): number | undefined =>
      chunkStart.get(before, length)?.first ?? undefined,
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
