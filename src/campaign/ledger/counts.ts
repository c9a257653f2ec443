import { type SQL, sql } from "drizzle-orm";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";

/** A change of a run's counts: `n` rows of a channel more (or, negative, fewer) in a state for a reason. */
export interface TallyChange {
  readonly channel: string;
  readonly state: string;
  readonly reason: string;
  readonly n: number;
}

/** Applies known changes, where `guard` holds. */
export function moveTally(run: number, changes: readonly TallyChange[], guard: SQL): Query {
  return sql`
    INSERT INTO tally (run, channel, state, reason, n)
    SELECT ${run}, ${field("channel")}, ${field("state")}, ${field("reason")}, ${field("n")} FROM ${rows(changes)} WHERE ${guard}
    ${addUp}`;
}

/** Counts the ledger rows that `where` selects into the tally; `sign` −1 takes them out again. */
export function countIntoTally(where: SQL, sign: 1 | -1 = 1): Query {
  return sql`
    INSERT INTO tally (run, channel, state, reason, n)
    SELECT run, channel, state, reason, ${sql.raw(String(sign))} * count(*) FROM send WHERE ${where} GROUP BY 1, 2, 3, 4
    ${addUp}`;
}

const addUp = sql`ON CONFLICT DO UPDATE SET n = n + excluded.n`;
