import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { takeFromUsed } from "../counts.ts";
import { couponsRefunded } from "../coupon-events.ts";
import { nothingLeft, transitionTemplates } from "../template/state.ts";
import { isTakenBack } from "../template/take-back.ts";
import { templateChanged } from "../template/template-changed.ts";
import { isTheirTemplate, type OrderCoupon } from "./order-coupons.ts";

const dayMs = 86_400_000;

/** Coupons that come back to the member who used them on an order. */
export interface GiveBack {
  readonly orderId: string;
  readonly coupons: readonly OrderCoupon[];
  /** For how many days from now on they are valid at least; 0 = those that are still valid, no longer than before. */
  readonly validDays: number;
  /** A condition: whether they come back at all. */
  readonly holds: SQL;
  /** ms. */
  readonly now: number;
}

/**
 * The ids of the coupons that come back, as a JSON list: what {@link giveBackStatements}, behind it in the batch, give
 * back.
 */
export function idsGivenBack(back: GiveBack): SQL {
  return sql`(SELECT json_group_array(c.id) FROM coupon c WHERE ${comesBack(back)})`;
}

/** Of the coupons of an order those that were used, are valid or made so, and are not taken back by the shop. */
function comesBack({ orderId, validDays, holds, now }: GiveBack): SQL {
  const isValid = validDays > 0 ? sql`1` : sql`(c.valid_to IS NULL OR c.valid_to > ${now})`;
  return sql`c.order_id = ${orderId} AND c.state = 'USED' AND ${isValid} AND NOT ${isTakenBack} AND ${holds}`;
}

/**
 * The statements that give coupons back. What was spent on them is free again, and reserved for them anew: as much as
 * one may cost, or what the budget has left if that is less – never less than what they had taken off, which has just
 * become free. {@link couponsGivenBack} is told their results. Of no coupons there are none.
 */
export function giveBackStatements(ctx: Context, back: GiveBack): Query[] {
  const { coupons, validDays, now } = back;
  if (coupons.length === 0) return [];
  const moving = sql`coupon c CROSS JOIN coupon_template t ON t.id = c.template WHERE ${comesBack(back)}`;
  const theirs = isTheirTemplate(coupons);
  const validTo = validDays > 0 ? sql`max(c.valid_to, ${now + validDays * dayMs})` : sql`c.valid_to`;
  return [
    couponsRefunded({ from: sql`coupon c`, where: comesBack(back) }, back.orderId, validTo, now),
    takeFromUsed(sql`
      SELECT c.template, count(*) AS n, sum(c.discount) AS discount FROM ${moving} GROUP BY c.template`),
    sql`
      UPDATE coupon SET held_budget = g.held_budget FROM (
        SELECT c.id, CASE WHEN t.budget IS NULL THEN 0
          ELSE min(t.max_discount, t.budget - t.reserved - t.spent + c.discount) END AS held_budget
        FROM ${moving}) g WHERE coupon.id = g.id`,
    sql`
      UPDATE coupon_template SET reserved = reserved + g.held_budget, spent = spent - g.discount
      FROM (SELECT c.template, c.held_budget, c.discount FROM ${moving}) g
      WHERE coupon_template.id = g.template AND ${theirs}`,
    ...transitionTemplates(ctx, "sellOut", sql`${theirs} AND ${nothingLeft}`),
    sql`
      UPDATE coupon AS c SET state = 'AVAILABLE', order_id = NULL, used_at = NULL, discount = NULL,
        valid_to = ${validTo}
      WHERE ${comesBack(back)} RETURNING id AS coupon, member`,
  ];
}

/**
 * To be called after the commit of {@link giveBackStatements}, with their results: wallets and gates follow. It does
 * not throw.
 */
export async function couponsGivenBack(
  ctx: Context,
  coupons: readonly OrderCoupon[],
  results: readonly ResultSet[],
): Promise<void> {
  const changed = changedCoupons(results.at(-1), "USED", "AVAILABLE");
  if (changed.length === 0) return;
  await couponsChanged(ctx, changed);
  for (const { template } of coupons) await templateChanged(ctx, template);
}

/** Takes what was paid back out of the sums of coupons that were used, where `holds`; `amount` is minor units. */
export function takeFromRevenue(coupons: readonly OrderCoupon[], amount: number, holds: SQL): Query[] {
  if (coupons.length === 0) return [];
  return [
    sql`
      UPDATE coupon_counts SET revenue = revenue - ${amount} WHERE state = 'USED' AND ${holds}
        AND template IN (SELECT value FROM ${rows(coupons.map(({ template }) => template))})`,
  ];
}
