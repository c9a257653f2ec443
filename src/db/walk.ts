import { type SQL, sql } from "drizzle-orm";
import type { Database } from "./client.ts";
import type { Query } from "./statement.ts";

/** A walk through a table in the order of an integer key, a stretch at a time, over and over. */
export interface Walk {
  /** The table. */
  readonly table: SQL;
  /** The key; rows of one key lie in one stretch. */
  readonly key: SQL;
  /** Rows of a stretch, more where the last key has more. */
  readonly rows: number;
}

/** How far a walk has come; whoever remembers it begins with 0. */
export interface Place {
  after: number;
}

/**
 * Deletes what `where` selects of the next stretch and answers how many rows that were. So a table without an index on
 * time is tidied by looking at a bounded number of its rows each time; an index would slow those who write it. A
 * process that starts begins at the beginning. `first` is done before, in the same transaction, of the same rows.
 */
export async function forgetOnWalk(
  db: Database,
  place: Place,
  { table, key, rows }: Walk,
  where: (stretch: SQL) => SQL,
  first: (chosen: SQL) => readonly Query[] = () => [],
): Promise<number> {
  const next = await db.first<{ key: number }>(sql`
    SELECT ${key} AS key FROM ${table} WHERE ${key} > ${place.after}
    ORDER BY ${key} LIMIT 1 OFFSET ${rows}`);
  const to = next ? sql`AND ${key} <= ${next.key}` : sql``;
  const chosen = where(sql`${key} > ${place.after} ${to}`);
  const results = await db.write([...first(chosen), sql`DELETE FROM ${table} WHERE ${chosen}`]);
  place.after = next?.key ?? 0;
  return results.at(-1)?.rowsAffected ?? 0;
}
