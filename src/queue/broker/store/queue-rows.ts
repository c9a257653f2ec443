import type { Database } from "bun:sqlite";

/** A named queue. */
export interface QueueRow {
  readonly name: string;
  readonly parallelism: number;
  readonly paused: number;
  readonly created: number;
  readonly updated: number;
}

/** Named queues. */
export function queueRows(db: Database) {
  return {
    queue: db.query<QueueRow, [name: string]>("SELECT * FROM queue WHERE name = ?"),
    queues: db.query<QueueRow, []>("SELECT * FROM queue ORDER BY name"),
    /** Makes a queue for the first message that names it. */
    ensureQueue: db.query<never, [name: string, now: number]>(
      "INSERT OR IGNORE INTO queue (name, parallelism, paused, created, updated) VALUES (?1, 1, 0, ?2, ?2)",
    ),
    saveQueue: db.query<never, [name: string, parallelism: number, paused: number, now: number]>(
      `INSERT INTO queue (name, parallelism, paused, created, updated) VALUES (?1, ?2, ?3, ?4, ?4)
       ON CONFLICT (name) DO UPDATE
         SET parallelism = excluded.parallelism, paused = excluded.paused, updated = excluded.updated`,
    ),
    removeQueue: db.query<never, [name: string]>("DELETE FROM queue WHERE name = ?"),
  };
}
