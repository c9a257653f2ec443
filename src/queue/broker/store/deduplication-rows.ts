import type { Database } from "bun:sqlite";

/** Deduplication keys, each with the message that holds it for a while. */
export function deduplicationRows(db: Database) {
  return {
    /** Claims a key; no change means a living one holds it. */
    claimKey: db.query<never, [key: string, id: string, until: number, now: number]>(
      `INSERT INTO deduplication (key, id, until) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET id = excluded.id, until = excluded.until WHERE deduplication.until <= ?`,
    ),
    keyHolder: db.query<{ id: string }, [key: string]>("SELECT id FROM deduplication WHERE key = ?"),
    purgeKeys: db.query<never, [now: number, limit: number]>(
      "DELETE FROM deduplication WHERE key IN (SELECT key FROM deduplication WHERE until <= ? LIMIT ?)",
    ),
  };
}
