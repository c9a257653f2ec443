import { type SQL, sql } from "drizzle-orm";
import { field, rows } from "../../db/bulk.ts";
import { prepared, type Query } from "../../db/statement.ts";
import type { LedgerChannel } from "./channel.ts";
import { ofPageRows, type Page } from "./page-rows.ts";
import type { SendState } from "./send-state.ts";

/** A change of a run's counts: `n` rows of a channel more (or, negative, fewer) in a state for a reason. */
export interface CountChange {
  readonly channel: string;
  readonly state: SendState;
  readonly reason: string;
  readonly n: number;
}

/** Applies known changes, where `guard` holds. */
export function changeCounts(run: number, changes: readonly CountChange[], guard: SQL): Query {
  return sql`
    INSERT INTO tally (run, channel, state, reason, n)
    SELECT ${run}, ${field("channel")}, ${field("state")}, ${field("reason")}, ${field("n")}
    FROM ${rows(changes)} WHERE ${guard}
    ${addUp}`;
}

/** Counts the rows that `where` selects as they are; `sign` −1 takes them out of the counts again. */
export function countRows(where: SQL, sign: 1 | -1 = 1): SQL {
  return sql`
    INSERT INTO tally (run, channel, state, reason, n)
    SELECT run, channel, state, reason, ${sql.raw(String(sign))} * count(*) FROM send WHERE ${where} GROUP BY 1, 2, 3, 4
    ${addUp}`;
}

/** Counts the rows of a page on a channel, as they are. */
export function countPage({ run, page, isListed }: Page, channel: LedgerChannel): Query[] {
  return [countAll({ run, page, channel, isListed })];
}

/** The same where most are SENT: those are counted without being sorted. */
export function countMostlySent({ run, page, isListed }: Page, channel: LedgerChannel): Query[] {
  const on = { run, page, channel, isListed };
  return [countSent(on), countOthers(on)];
}

const countAll = ofPageRows((rows) => prepared<OnPage>((it) => countRows(rows(it, it.channel))));
const countSent = ofPageRows((rows) =>
  prepared<OnPage>(
    (it) => sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT ${it.run}, ${it.channel}, 'SENT', '', n
      FROM (SELECT count(*) AS n FROM send WHERE ${rows(it, it.channel)} AND state = 'SENT') WHERE n > 0
      ${addUp}`,
  ),
);
const countOthers = ofPageRows((rows) =>
  prepared<OnPage>((it) => countRows(sql`${rows(it, it.channel)} AND state <> 'SENT'`)),
);

interface OnPage {
  readonly run: number;
  readonly page: number;
  readonly channel: LedgerChannel;
}

/** Counts the rows that `where` selects as if they were in a state for a reason. */
export function countRowsAs(where: SQL, { state, reason, sign = 1 }: CountedAs): Query {
  return sql`
    INSERT INTO tally (run, channel, state, reason, n)
    SELECT run, channel, ${sql.raw(`'${state}'`)}, ${reason}, ${sql.raw(String(sign))} * count(*)
    FROM send WHERE ${where} GROUP BY 1, 2
    ${addUp}`;
}

interface CountedAs {
  readonly state: SendState;
  readonly reason: string;
  readonly sign?: 1 | -1;
}

/** What ends every statement that changes counts. */
export const addUp = sql`ON CONFLICT DO UPDATE SET n = n + excluded.n`;
