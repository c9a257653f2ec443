import type { Database } from "bun:sqlite";

/** The limits of one flow-control key as the table keeps them; the period in ms. */
export interface FlowRow {
  readonly key: string;
  readonly parallelism: number | null;
  readonly rate: number | null;
  readonly period: number | null;
  readonly paused: number;
  /** While 1, messages do not change the parallelism. */
  readonly pinnedParallelism: number;
  /** While 1, messages change neither rate nor period. */
  readonly pinnedRate: number;
}

/** Limits of flow-control keys: what the latest message of a key asked for, or what an operator pinned. */
export function flowRows(db: Database) {
  const lastKey = db.query<{ last: string | null }, [after: string, limit: number]>(
    "SELECT max(key) AS last FROM (SELECT key FROM flow WHERE key > ? ORDER BY key LIMIT ?)",
  );
  const purge = db.query<never, [after: string, last: string]>(
    `DELETE FROM flow WHERE key > ? AND key <= ? AND paused = 0 AND pinnedParallelism = 0 AND pinnedRate = 0
       AND NOT EXISTS (SELECT 1 FROM message WHERE lane = 'flow:' || flow.key AND ended IS NULL)
       AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.flow = flow.key)`,
  );
  return {
    flow: db.query<FlowRow, [key: string]>("SELECT * FROM flow WHERE key = ?"),
    saveFlow: db.query<
      never,
      [
        key: string,
        parallelism: number | null,
        rate: number | null,
        period: number | null,
        paused: number,
        pinnedParallelism: number,
        pinnedRate: number,
      ]
    >(
      `INSERT OR REPLACE INTO flow (key, parallelism, rate, period, paused, pinnedParallelism, pinnedRate)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    flowsAfter: db.query<FlowRow, [after: string, limit: number]>(
      "SELECT * FROM flow WHERE key > ? ORDER BY key LIMIT ?",
    ),
    /**
     * Of the next `limit` keys after one, forgets the limits of those that no message has and nobody set; says the last
     * key.
     */
    purgeFlows(after: string, limit: number): string | undefined {
      const last = lastKey.get(after, limit)?.last ?? undefined;
      if (last !== undefined) purge.run(after, last);
      return last;
    },
  };
}
