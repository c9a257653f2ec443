import { type SQL, sql } from "drizzle-orm";
import { issueStatements } from "../../coupon/issue/issue.ts";
import { unitsLeft, whatIsShort } from "../../coupon/issue/issue-rules.ts";
import type { Query } from "../../db/statement.ts";
import { couponChannel } from "../ledger/channel.ts";
import { countIntoTally } from "../ledger/counts.ts";
import { couponSkipReason } from "../ledger/decision.ts";
import { bound, countMatched, firstStateOf, type Page, rowsOfPage } from "../ledger/page-rows.ts";
import { matches } from "../run/plan.ts";
import type { CouponOffer } from "./coupon-offer.ts";

/** The statements of a page that decide who gets a coupon, and give it; `issued` are those whose results the gate is told by. */
export interface CouponPage {
  readonly decide: readonly Query[];
  readonly issue: readonly Query[];
  readonly count: readonly Query[];
}

/**
 * Gives a page's members their coupons: each has a row in the ledger, SENT with its coupon or SKIPPED with the reason. What is left of stock
 * and budget goes to the first on the page; there is one writer at a time, so no other page, claim or issue can take it in between.
 */
export function couponPage(page: Page, offer: CouponOffer): CouponPage {
  const { run, frozen, now } = page;
  const { template, perMember, codeMode, codePrefix } = offer;
  const rows = rowsOfPage(page, couponChannel);
  const given = sql`${rows} AND state = 'SENT'`;
  const members = sql`SELECT member FROM send WHERE ${given} ORDER BY member`;
  const selected = sql`m.seq > ${bound(page, "from_seq")} AND m.seq <= ${bound(page, "to_seq")} AND ${matches(frozen)}`;
  return {
    decide: [
      // LIMIT −1 keeps SQLite from merging the inner query, which would ask for the skip reason twice a row.
      sql`
        INSERT OR IGNORE INTO send (run, channel, member, state, reason, at)
        SELECT ${run}, ${couponChannel}, seq, ${firstStateOf(page, sql`WHEN skip IS NULL THEN 'SENT'`)}, coalesce(skip, ''), ${now}
        FROM (SELECT m.seq AS seq, ${couponSkipReason(offer, frozen, now)} AS skip FROM member m NOT INDEXED WHERE ${selected} LIMIT -1)`,
      countMatched(page),
      skipBeyond(page, given, template),
    ],
    issue: issueStatements({ template, run, perMember, codeMode, codePrefix, members, now }),
    count: countPage(page, rows),
  };
}

/** Those for whom nothing is left, the last of the page. As long as there is more than the page has room for members, nobody is looked at. */
function skipBeyond(page: Page, given: SQL, template: number): Query {
  const left = unitsLeft(template);
  const [from, to] = [bound(page, "from_seq"), bound(page, "to_seq")];
  return sql`
    UPDATE send SET state = 'SKIPPED', reason = ${whatIsShort(template)}
    WHERE run = ${page.run} AND channel = ${couponChannel} AND state = 'SENT' AND member <= ${to}
      AND member >= CASE WHEN ${left} < ${to} - ${from} THEN (
        SELECT member FROM send WHERE ${given} ORDER BY member LIMIT 1 OFFSET ${left}) END`;
}

/** Most are SENT, and are counted without being sorted. */
function countPage({ run }: Page, rows: SQL): Query[] {
  return [
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT ${run}, ${couponChannel}, 'SENT', '', n FROM (SELECT count(*) AS n FROM send WHERE ${rows} AND state = 'SENT') WHERE n > 0
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    countIntoTally(sql`${rows} AND state <> 'SENT'`),
  ];
}
