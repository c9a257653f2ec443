import type { Database } from "bun:sqlite";

/** What the broker itself keeps across restarts, by name. */
export function settingRows(db: Database) {
  return {
    setting: db.query<{ value: string }, [name: string]>("SELECT value FROM setting WHERE name = ?"),
    saveSetting: db.query<never, [name: string, value: string]>(
      "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
    ),
  };
}
