import { type Placeholder, type SQL, sql } from "drizzle-orm";
import { prepared, type Query } from "../../db/statement.ts";
import type { LedgerChannel } from "./channel.ts";

/** A page that is being written. */
export interface Page {
  readonly run: number;
  readonly page: number;
  /** Whether member `m` belongs to the run's audience. */
  readonly matches: SQL;
  /** Past this time (ms) nothing is sent any more. */
  readonly endsAt: number | null;
  readonly now: number;
  /** The shop's time zone. */
  readonly zone: string;
}

/** Which page is meant; in a text that is made once, the places where that is said. */
interface PageKey {
  readonly run: number | Placeholder;
  readonly page: number | Placeholder;
}

/** The page exists in this state only inside the batch that writes it: the guard of every statement of that batch. */
export function writing({ run, page }: PageKey): SQL {
  return sql`EXISTS (SELECT 1 FROM page WHERE run = ${run} AND number = ${page} AND state = 'WRITING')`;
}

export function bound({ run, page }: PageKey, column: "from_seq" | "to_seq"): SQL {
  return sql`
    (SELECT ${sql.raw(column)} FROM page WHERE run = ${run} AND number = ${page} AND state = 'WRITING')`;
}

/** The ledger rows of a channel on the page being written; none when it is not (its bounds are null then). */
export function rowsOfPage(page: PageKey, channel: LedgerChannel | Placeholder): SQL {
  return sql`run = ${page.run} AND channel = ${channel}
    AND member > ${bound(page, "from_seq")} AND member <= ${bound(page, "to_seq")}`;
}

/** Whom the page is for, as a source of rows with the alias `m`. */
export function audienceOf(page: Page): SQL {
  const [from, to] = [bound(page, "from_seq"), bound(page, "to_seq")];
  return sql`member m NOT INDEXED WHERE m.seq > ${from} AND m.seq <= ${to} AND ${page.matches}`;
}

/** Right behind the first channel's insert, `changes()` is the number of members that it found. */
export function countMatched({ run }: Page): Query {
  return addMatched({ run });
}

const addMatched = prepared<{ run: number }>(
  ({ run }) => sql`UPDATE run SET matched = matched + changes() WHERE id = ${run}`,
);
