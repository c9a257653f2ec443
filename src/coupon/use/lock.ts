import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { addToCounts } from "../counts.ts";
import { asTable, type OrderCoupon } from "./order-coupons.ts";

/** Whether every one of these coupons can be locked now (ms): free, the member's, valid, and within its budget. */
export function canLock(coupons: readonly OrderCoupon[], member: number, now: number): SQL {
  if (coupons.length === 0) return sql`true`;
  return sql`(
    SELECT count(*) FROM ${asTable(coupons)} w CROSS JOIN coupon c ON c.id = w.coupon
    CROSS JOIN coupon_template t ON t.id = c.template
    WHERE c.member = ${member} AND c.state = 'AVAILABLE'
      AND c.valid_from <= ${now} AND (c.valid_to IS NULL OR c.valid_to > ${now})
      AND (t.budget IS NULL OR t.reserved + t.spent + max(0, w.discount - c.held_budget) <= t.budget)
  ) = ${coupons.length}`;
}

/** Coupons that are locked for an order. */
export interface CouponLock {
  readonly orderId: string;
  readonly coupons: readonly OrderCoupon[];
  /** ms. */
  readonly until: number;
}

/**
 * The statements that lock coupons for an order where `holds`, the order's own word, is true. All are computed of the
 * coupons that are still to move, which move last: run again, nothing happens twice. {@link couponsLocked} is told
 * their results. Of no coupons there are none.
 */
export function lockStatements({ orderId, coupons, until }: CouponLock, holds: SQL): Query[] {
  if (coupons.length === 0) return [];
  const moving = sql`${asTable(coupons)} w CROSS JOIN coupon c ON c.id = w.coupon AND c.state = 'AVAILABLE'
    CROSS JOIN coupon_template t ON t.id = c.template WHERE ${holds}`;
  return [
    addToCounts("LOCKED", sql`SELECT c.template, count(*) AS n FROM ${moving} GROUP BY c.template`),
    sql`
      UPDATE coupon_template
      SET reserved = reserved + (SELECT w.discount - c.held_budget FROM ${moving} AND t.id = coupon_template.id)
      WHERE budget IS NOT NULL AND id IN (SELECT t.id FROM ${moving} AND w.discount > c.held_budget)`,
    sql`
      UPDATE coupon SET state = 'LOCKED', order_id = ${orderId}, locked_until = ${until}, held_budget = g.held_budget
      FROM (
        SELECT c.id,
          CASE WHEN t.budget IS NULL THEN c.held_budget ELSE max(c.held_budget, w.discount) END AS held_budget
        FROM ${moving}) g
      WHERE coupon.id = g.id RETURNING coupon.id AS coupon, coupon.member`,
  ];
}

/** To be called after the commit of {@link lockStatements}, with their results: wallets follow. It does not throw. */
export async function couponsLocked(ctx: Context, results: readonly ResultSet[]): Promise<void> {
  await couponsChanged(ctx, changedCoupons(results.at(-1), "AVAILABLE", "LOCKED"));
}
