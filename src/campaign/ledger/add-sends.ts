import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";
import type { LedgerChannel } from "./channel.ts";
import { inTime } from "./decision.ts";
import type { Page } from "./page-rows.ts";
import { reasonText } from "./skip-reason.ts";

/** The members of a page on one channel, as the ledger begins with them. */
export interface NewSends {
  readonly channel: LedgerChannel;
  /** Where they are: a source of rows with the member as `m`. */
  readonly members: SQL;
  /** Why member `m` is skipped; null where it is not. */
  readonly skip: SQL;
  /** The state of whoever is not skipped. */
  readonly ready: "PENDING" | "SENT";
  /** When the quiet hours of member `m` end (ms); null where none are on. Such sends wait for it from the start. */
  readonly quietUntil?: SQL | undefined;
}

/**
 * Adds a page's sends on a channel; rows that are there already stay as they are. The page of a cancelled run is
 * written, too, as cancelled. What is added is counted by another statement of the same batch.
 */
export function addSends(page: Page, { channel, members, skip, ready, quietUntil }: NewSends): Query {
  const { run, now } = page;
  const wait = quietUntil ? waiting(page, quietUntil) : plain;
  // LIMIT −1 keeps SQLite from merging the inner query, which would ask for the skip reason twice a row.
  return sql`
    INSERT OR IGNORE INTO send (run, channel, member, state, reason, at${wait.column})
    SELECT ${run}, ${channel}, seq,
      CASE WHEN (SELECT state FROM run WHERE id = ${run}) = 'CANCELLING' THEN 'CANCELLED'
        WHEN skip IS NULL${wait.unless} THEN ${sql.raw(`'${ready}'`)} ELSE 'SKIPPED' END,
      coalesce(skip${wait.reason}, ''), ${now}${wait.value}
    FROM (SELECT m.seq AS seq, ${skip} AS skip${wait.asked} FROM ${members} LIMIT -1)`;
}

const none = sql``;
const plain = { column: none, unless: none, reason: none, value: none, asked: none };

/** What sends add that wait for the end of quiet hours: so a night costs no batches. */
function waiting({ endsAt }: Page, quietUntil: SQL): typeof plain {
  const until = sql.raw("until");
  return {
    column: sql`, due_at`,
    unless: sql` AND (until IS NULL OR ${inTime(until, endsAt)})`,
    reason: sql`, CASE WHEN until IS NOT NULL THEN ${reasonText("QUIET_HOURS")} END`,
    value: sql`, until`,
    asked: sql`, ${quietUntil} AS until`,
  };
}

/** Skips sends that this batch of statements has added, before they are counted. */
export function skipAdded(where: SQL, reason: SQL): Query {
  return sql`UPDATE send SET state = 'SKIPPED', reason = ${reason} WHERE ${where}`;
}
