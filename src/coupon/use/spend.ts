import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { addToUsed, takeFromCounts } from "../counts.ts";
import { couponsRedeemed } from "../coupon-events.ts";
import { nothingLeft, transitionTemplates } from "../template/state.ts";
import { templateChanged } from "../template/template-changed.ts";
import { asTable, isTheirTemplate, type OrderCoupon } from "./order-coupons.ts";

/** Coupons that are spent on an order that holds them. */
export interface CouponSpending {
  readonly orderId: string;
  readonly coupons: readonly OrderCoupon[];
  /** What is paid for the order, in minor units. */
  readonly pay: number;
}

/**
 * The statements that spend the coupons which an order has locked, where `holds`, the order's own word, is true: what
 * was reserved of the budgets becomes spent, and what is left of it may bring a sold-out template back. All are
 * computed of the coupons that are still locked, which move last: run again, nothing happens twice. {@link
 * couponsSpent} is told their results. Of no coupons there are none.
 */
export function spendStatements(ctx: Context, { orderId, coupons, pay }: CouponSpending, holds: SQL): Query[] {
  if (coupons.length === 0) return [];
  const from = sql`${asTable(coupons)} w
    CROSS JOIN coupon c ON c.id = w.coupon AND c.state = 'LOCKED' AND c.order_id = ${orderId}`;
  const moving = sql`${from} WHERE ${holds}`;
  const theirs = isTheirTemplate(coupons);
  return [
    couponsRedeemed({ from, where: holds }, orderId, sql`w.discount`, ctx.clock()),
    takeFromCounts("LOCKED", sql`SELECT c.template, count(*) AS n FROM ${moving} GROUP BY c.template`),
    addToUsed(sql`
      SELECT c.template, count(*) AS n, sum(w.discount) AS discount, ${pay} AS revenue
      FROM ${moving} GROUP BY c.template`),
    sql`
      UPDATE coupon_template SET reserved = reserved - g.held_budget, spent = spent + g.discount
      FROM (SELECT c.template, c.held_budget, w.discount FROM ${moving}) g
      WHERE coupon_template.id = g.template AND ${theirs}`,
    ...transitionTemplates(ctx, "revive", sql`${theirs} AND NOT ${nothingLeft}`),
    sql`
      UPDATE coupon SET state = 'USED', held_budget = 0, locked_until = NULL, used_at = ${ctx.clock()},
        discount = g.discount
      FROM (SELECT c.id, w.discount FROM ${moving}) g
      WHERE coupon.id = g.id RETURNING coupon.id AS coupon, coupon.member`,
  ];
}

/**
 * To be called after the commit of {@link spendStatements}, with their results: wallets and gates follow. It does not
 * throw.
 */
export async function couponsSpent(
  ctx: Context,
  coupons: readonly OrderCoupon[],
  results: readonly ResultSet[],
): Promise<void> {
  await couponsChanged(ctx, changedCoupons(results.at(-1), "LOCKED", "USED"));
  const revived = results.at(-2)?.rowsAffected;
  if (revived) for (const { template } of coupons) await templateChanged(ctx, template);
}
