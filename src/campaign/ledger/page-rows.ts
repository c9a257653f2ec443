import { type Placeholder, type SQL, sql } from "drizzle-orm";
import { prepared, type Query } from "../../db/statement.ts";
import type { LedgerChannel } from "./channel.ts";
import { reasonText } from "./skip-reason.ts";

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
  /** Of a run by members' clocks: its members are listed, for others have the same stretch of the ledger. */
  readonly isListed: boolean;
  /** Their time has passed: nobody is sent to. */
  readonly isSkipped: boolean;
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

type Rows = (page: PageKey, channel: LedgerChannel | Placeholder) => SQL;

/** The ledger rows of a channel on the page being written; none when it is not (its bounds are null then). */
const rowsInRange: Rows = (page, channel) => sql`run = ${page.run} AND channel = ${channel}
  AND member > ${bound(page, "from_seq")} AND member <= ${bound(page, "to_seq")}`;

/** The same of a page whose members are listed; none when it is not being written, for then the list is empty. */
const rowsListed: Rows = (page, channel) => sql`run = ${page.run} AND channel = ${channel}
  AND member IN (SELECT seq FROM page_member)`;

/** The ledger rows of a channel on the page being written. */
export function rowsOfPage(page: Page, channel: LedgerChannel): SQL {
  return (page.isListed ? rowsListed : rowsInRange)(page, channel);
}

/** What is made of the rows of any page, with both its texts made once. */
export function ofPageRows<Values extends PageKey>(make: (rows: Rows) => (values: Values) => Query) {
  const [ranged, listed] = [make(rowsInRange), make(rowsListed)];
  return (values: Values & Pick<Page, "isListed">): Query => (values.isListed ? listed : ranged)(values);
}

/** Whom the page is for, as a source of rows with the alias `m`. */
export function audienceOf(page: Page): SQL {
  if (page.isListed) return sql`page_member l CROSS JOIN member m ON m.seq = l.seq`;
  const [from, to] = [bound(page, "from_seq"), bound(page, "to_seq")];
  return sql`member m NOT INDEXED WHERE m.seq > ${from} AND m.seq <= ${to} AND ${page.matches}`;
}

/** The skip reason of member `m` on a page: whoever's time has passed is not sent to. */
export function skippedOn({ isSkipped }: Page, reason: SQL): SQL {
  return isSkipped ? sql`coalesce(${reason}, ${reasonText("TIME_PASSED")})` : reason;
}

/** Right behind the first channel's insert, `changes()` is the number of members that it found. */
export function countMatched({ run }: Page): Query {
  return addMatched({ run });
}

const addMatched = prepared<{ run: number }>(
  ({ run }) => sql`UPDATE run SET matched = matched + changes() WHERE id = ${run}`,
);
