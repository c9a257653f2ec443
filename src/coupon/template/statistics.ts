import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { inReach } from "../../shop.ts";
import { type CouponState, couponStates } from "../table.ts";

/**
 * What became of a template's coupons; of a recurring one, of all its occurrences. Money is minor units of its
 * currency.
 */
export interface CouponStatistics {
  /** Of the amounts, ISO 4217. */
  readonly currency: string;
  /** All that were given: available + locked + used + expired + withdrawn. */
  readonly issued: number;
  /** Of these, those that members came for themselves, with a claim or a code. */
  readonly claimed: number;
  readonly available: number;
  readonly locked: number;
  readonly used: number;
  readonly expired: number;
  readonly withdrawn: number;
  /** What those that were used took off. */
  readonly discount: number;
  /** What was paid for the carts on which they were used. */
  readonly revenue: number;
  /** Of the budget: held for coupons that may still be used, and spent. */
  readonly reserved: number;
  readonly spent: number;
}

/**
 * A template's statistics, from sums that move with the coupons: it costs the same whatever their number. Undefined
 * without such a template.
 */
export async function couponStatistics(ctx: Context, template: number): Promise<CouponStatistics | undefined> {
  const ids = sql`SELECT id FROM coupon_template
    WHERE (id = ${template} OR recurring_template = ${template}) AND ${inReach(ctx, sql`coupon_template.shop`)}`;
  const changed = couponStates
    .filter((state) => state !== "AVAILABLE")
    .map((state) => sql`coalesce(sum(n) FILTER (WHERE state = ${state}), 0) AS ${sql.raw(nameOf(state))}`);
  const row = await ctx.db.first<Omit<CouponStatistics, "available">>(sql`
    SELECT * FROM (
      SELECT min(currency) AS currency,
        sum(issued) AS issued, sum(claimed) AS claimed, sum(reserved) AS reserved, sum(spent) AS spent
      FROM coupon_template WHERE id IN (${ids}))
    CROSS JOIN (
      SELECT ${sql.join(changed, sql`, `)}, coalesce(sum(discount), 0) AS discount, coalesce(sum(revenue), 0) AS revenue
      FROM coupon_counts WHERE template IN (${ids}))
    WHERE currency IS NOT NULL`);
  if (!row) return undefined;
  const { issued, locked, used, expired, withdrawn } = row;
  return { ...row, available: issued - locked - used - expired - withdrawn };
}

function nameOf(state: CouponState): string {
  return state.toLowerCase();
}
