import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";
import type { FrozenRun } from "../run/frozen.ts";
import type { LedgerChannel } from "./channel.ts";

/** A page that is being written. */
export interface Page {
  readonly run: number;
  readonly page: number;
  readonly frozen: FrozenRun;
  readonly now: number;
}

/** The page exists in this state only inside the batch that writes it: the guard of every statement of that batch. */
export function writing({ run, page }: Page): SQL {
  return sql`EXISTS (SELECT 1 FROM page WHERE run = ${run} AND number = ${page} AND state = 'WRITING')`;
}

export function bound({ run, page }: Page, column: "from_seq" | "to_seq"): SQL {
  return sql`(SELECT ${sql.raw(column)} FROM page WHERE run = ${run} AND number = ${page} AND state = 'WRITING')`;
}

/** The ledger rows of a channel on the page being written; none when it is not being written (its bounds are null then). */
export function rowsOfPage(page: Page, channel: LedgerChannel): SQL {
  return sql`run = ${page.run} AND channel = ${channel} AND member > ${bound(page, "from_seq")} AND member <= ${bound(page, "to_seq")}`;
}

/** Right behind the first channel's insert, `changes()` is the number of members that it found. */
export function countMatched({ run }: Page): Query {
  return sql`UPDATE run SET matched = matched + changes() WHERE id = ${run}`;
}

/** What a member's first state is; the page of a cancelled run is written, too, as cancelled. */
export function firstStateOf({ run }: Page, otherwise: SQL): SQL {
  return sql`CASE WHEN (SELECT state FROM run WHERE id = ${run}) = 'CANCELLING' THEN 'CANCELLED' ${otherwise} ELSE 'SKIPPED' END`;
}
