import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { addToCounts, takeFromCounts } from "../counts.ts";
import { couponsWithdrawn } from "../coupon-events.ts";
import { isTakenBack } from "../template/take-back.ts";

/**
 * The statements that free the coupons which orders have locked; `orders` is a query of the column `order_id`. Coupons
 * that the shop takes back meanwhile do not become free but WITHDRAWN. {@link couponsReleased} is told their results.
 */
export function releaseStatements(orders: SQL, now: number): Query[] {
  const held = sql`(${orders}) s CROSS JOIN coupon c ON c.order_id = s.order_id AND c.state = 'LOCKED'`;
  const perTemplate = sql`SELECT c.template, count(*) AS n, sum(c.held_budget) AS held_budget FROM ${held}`;
  const withdrawn = sql`${perTemplate} WHERE ${isTakenBack} GROUP BY c.template`;
  return [
    couponsWithdrawn(
      {
        from: sql`(${orders}) s CROSS JOIN coupon c ON c.order_id = s.order_id AND c.state = 'LOCKED'`,
        where: isTakenBack,
      },
      now,
    ),
    takeFromCounts("LOCKED", sql`${perTemplate} GROUP BY c.template`),
    addToCounts("WITHDRAWN", withdrawn),
    sql`
      UPDATE coupon_template SET reserved = reserved - g.held_budget FROM (${withdrawn}) g
      WHERE coupon_template.id = g.template`,
    sql`
      UPDATE coupon AS c SET order_id = NULL, locked_until = NULL,
        held_budget = CASE WHEN ${isTakenBack} THEN 0 ELSE held_budget END,
        state = CASE WHEN ${isTakenBack} THEN 'WITHDRAWN' ELSE 'AVAILABLE' END
      WHERE c.id IN (SELECT c.id FROM ${held}) RETURNING id AS coupon, member, state`,
  ];
}

/**
 * To be called after the commit of {@link releaseStatements}, with their results: wallets follow. It does not throw.
 */
export async function couponsReleased(ctx: Context, results: readonly ResultSet[]): Promise<void> {
  await couponsChanged(ctx, changedCoupons(results.at(-1), "LOCKED", "AVAILABLE"));
}
