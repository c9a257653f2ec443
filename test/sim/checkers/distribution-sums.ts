import { sql } from "drizzle-orm";
import type { Context } from "../../../src/context.ts";
import { withoutSecondPerson } from "../actors/distributed.ts";

/** A distribution, and what its rows and coupons are. */
export interface Standing {
  readonly id: number;
  readonly state: string;
  readonly file: string;
  readonly template: number;
  readonly rows: number;
  readonly fault: string | null;
  readonly withdrawn: number;
  readonly isWithdrawing: number;
  /** All of its file was read. */
  readonly isChecked: number;
  /** Coupons that have its mark, and how many of them are taken back. */
  readonly coupons: number;
  readonly takenBack: number;
  /** What does not add up, a sentence each. */
  readonly odd: string;
}

/** What must not be so of a distribution `d` whose figures are `f`, and how it is said, in SQL. */
const oddities = [
  ["f.named <> d.rows", "f.named || ' rows are left out or given, of ' || d.rows || ' that were read'"],
  ["f.both > 0", "f.both || ' rows have two outcomes'"],
  ["f.ended <> f.done", "f.ended || ' rows are counted as ended, ' || f.done || ' are in blocks that are done'"],
  ["f.miscounted > 0", "f.miscounted || ' outcomes are counted otherwise than there are rows'"],
  ["f.coupons <> f.given", "f.coupons || ' coupons have its mark, ' || f.given || ' rows gave one'"],
  ["f.strange > 0", "f.strange || ' of its coupons are of none of its rows'"],
  ["d.withdrawn > f.takenBack", "'it took ' || d.withdrawn || ' back, ' || f.takenBack || ' are'"],
  ["d.state = 'COMPLETED' AND f.done <> d.rows", "f.done || ' of ' || d.rows || ' rows are done'"],
  [
    `d.started_at IS NOT NULL AND f.mayIssue > ${withoutSecondPerson} AND (
      coalesce(d.approval ->> 'coupons', 0) < f.mayIssue OR d.approval ->> 'actor' = d.created_by)`,
    "'one person started it for ' || f.mayIssue || ' coupons'",
  ],
] as const;

const odd = sql.raw(
  oddities
    .map(([when, said]) => `iif(${when}, 'distribution ' || d.id || ', ' || d.state || ': ' || ${said}, NULL)`)
    .join(",\n"),
);

/** How all distributions stand. */
export function standings(ctx: Context): Promise<Standing[]> {
  return ctx.db.all<Standing>(sql`
    WITH mark AS (
      SELECT CAST(substr(source, 14) AS INTEGER) AS id, count(*) AS coupons,
        count(*) FILTER (WHERE state = 'WITHDRAWN') AS takenBack, count(*) FILTER (WHERE NOT EXISTS (
          SELECT 1 FROM distribution_given g JOIN distribution_block b ON b.distribution = g.distribution
            AND b.to_row = g.block AND b.state = 'DONE'
          WHERE g.member = c.member AND c.source = 'distribution/' || g.distribution || '/' || g.block)) AS strange
      FROM coupon c WHERE source GLOB 'distribution/*' GROUP BY 1),
    block AS (
      SELECT b.distribution AS id, b.state = 'DONE' AS isDone,
        (SELECT count(*) FROM distribution_given g
          WHERE g.distribution = b.distribution AND g.block = b.to_row) AS given,
        (SELECT count(*) FROM distribution_left_out s
          WHERE s.distribution = b.distribution AND s.row > b.from_row AND s.row <= b.to_row) AS leftOut
      FROM distribution_block b),
    f AS (
      SELECT d.id, coalesce(m.coupons, 0) AS coupons, coalesce(m.takenBack, 0) AS takenBack,
        coalesce(m.strange, 0) AS strange,
        (SELECT coalesce(sum(given + leftOut), 0) FROM block WHERE id = d.id) AS named,
        (SELECT coalesce(sum(given + leftOut), 0) FROM block WHERE id = d.id AND isDone) AS done,
        (SELECT coalesce(sum(given), 0) FROM block WHERE id = d.id AND isDone) AS given,
        (SELECT count(*) FROM distribution_given g JOIN distribution_left_out s
          ON s.distribution = g.distribution AND s.row = g.row WHERE g.distribution = d.id) AS both,
        (SELECT coalesce(sum(ended), 0) FROM distribution_count WHERE distribution = d.id) AS ended,
        (SELECT coalesce(sum(may_issue), 0) FROM distribution_count WHERE distribution = d.id) AS mayIssue,
        (SELECT count(*) FROM distribution_count y WHERE y.distribution = d.id AND y.ended <> CASE y.outcome
          WHEN 'ISSUED' THEN coalesce(m.coupons, 0)
          ELSE (SELECT count(*) FROM distribution_block b JOIN distribution_left_out s
            ON s.distribution = b.distribution AND s.row > b.from_row AND s.row <= b.to_row AND s.outcome = y.outcome
            WHERE b.distribution = d.id AND b.state = 'DONE') END) AS miscounted
      FROM distribution d LEFT JOIN mark m ON m.id = d.id)
    SELECT d.id, d.state, d.file, d.template, d.rows, d.fault, d.withdrawn,
      d.withdraw_to IS NOT NULL AND d.withdraw_to < d.read_to AS isWithdrawing,
      d.state <> 'CANCELLED' OR d.started_at IS NOT NULL AS isChecked, f.coupons, f.takenBack,
      json_array(${odd}) AS odd
    FROM distribution d JOIN f ON f.id = d.id ORDER BY d.id`);
}
