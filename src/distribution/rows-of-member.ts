import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { inReach } from "../shop.ts";
import { blockOfCoupon, distributionOfCoupon, isOfAny } from "./rows.ts";
import type { Cause, Outcome } from "./table.ts";

/** A row of a file that names a member. */
export interface RowOfMember {
  readonly distribution: number;
  /** As a spreadsheet counts. */
  readonly row: number;
  readonly outcome: Outcome;
  readonly cause: Cause | null;
  readonly column: number | null;
  readonly message: string | null;
  /** The first row of the same member. */
  readonly other: number | null;
}

/** So many rows of a member are told. */
export const mostRowsOfMember = 200;

/**
 * The rows by which files gave a member a coupon, and those that are left out for a member who is there, of the newest
 * distribution first. A row that still waits for its coupon is not among them.
 */
export function rowsOfMember(ctx: Context, member: number): Promise<RowOfMember[]> {
  const isReached = (id: ReturnType<typeof sql>) =>
    sql`EXISTS (SELECT 1 FROM distribution d WHERE d.id = ${id} AND ${inReach(ctx, sql`d.shop`)})`;
  return ctx.db.all<RowOfMember>(sql`
    SELECT s.distribution, s.row, s.outcome, s.cause, s."column", s.message, s.other_row AS other
    FROM distribution_left_out s WHERE s.member = ${member} AND ${isReached(sql`s.distribution`)}
    UNION ALL
    SELECT g.distribution, g.row, 'ISSUED', NULL, NULL, NULL, NULL FROM coupon h CROSS JOIN distribution_given g
      ON g.distribution = ${distributionOfCoupon} AND g.block = ${blockOfCoupon} AND g.member = h.member
    WHERE h.member = ${member} AND ${isOfAny} AND ${isReached(sql`g.distribution`)}
    ORDER BY 1 DESC, 2 LIMIT ${mostRowsOfMember}`);
}
