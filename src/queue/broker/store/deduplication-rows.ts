import type { Database } from "bun:sqlite";

/** Deduplication keys, each with the message that holds it for a while. */
export function deduplicationRows(db: Database) {
  return {
    /**
     * Claims a key; no change means a living one holds it. One held beyond what is claimed now is from before the clock
     * was set back, and over.
     */
    claimKey: db.query<never, [key: string, id: string, until: number, now: number]>(
      `INSERT INTO deduplication (key, id, until) VALUES (?1, ?2, ?3)
       ON CONFLICT (key) DO UPDATE SET id = excluded.id, until = excluded.until
         WHERE deduplication.until <= ?4 OR deduplication.until > excluded.until`,
    ),
    keyHolder: db.query<{ id: string }, [key: string]>("SELECT id FROM deduplication WHERE key = ?"),
    purgeKeys: db.query<never, [now: number, limit: number]>(
      "DELETE FROM deduplication WHERE key IN (SELECT key FROM deduplication WHERE until <= ? LIMIT ?)",
    ),
  };
}
