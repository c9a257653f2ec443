import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isReachable } from "../../coupon/template/template.ts";
import { rows } from "../../db/bulk.ts";
import { inReach, shopOf } from "../../shop.ts";
import type { Quote } from "../quote/quote-shape.ts";

/**
 * What an order names, as far as it is in the reach of the actor: coupons and promotions of others are left out, what
 * they took off stays in the sums and on the lines.
 */
export async function quoteInReach(ctx: Context, quote: Quote): Promise<Quote> {
  if (shopOf(ctx) === "") return quote;
  const { coupons, leftOut, promotions, leftOutPromotions, earned } = quote;
  const known = await reachable(ctx, {
    coupons: [...coupons, ...leftOut].map(({ coupon }) => coupon),
    promotions: [...promotions, ...leftOutPromotions, ...earned].map(({ promotion }) => promotion),
  });
  const isKnown = ({ promotion }: { readonly promotion: number }) => known.promotions.has(promotion);
  return {
    ...quote,
    coupons: coupons.filter(({ coupon }) => known.coupons.has(coupon)),
    leftOut: leftOut.filter(({ coupon }) => known.coupons.has(coupon)),
    promotions: promotions.filter(isKnown),
    leftOutPromotions: leftOutPromotions.filter(isKnown),
    earned: earned.filter(isKnown),
  };
}

/** Of these coupons those that are in the reach of the actor. */
export async function couponsInReach(ctx: Context, coupons: readonly number[]): Promise<readonly number[]> {
  if (shopOf(ctx) === "" || coupons.length === 0) return coupons;
  const known = await reachable(ctx, { coupons, promotions: [] });
  return coupons.filter((id) => known.coupons.has(id));
}

type Named = Readonly<Record<"coupons" | "promotions", readonly number[]>>;

async function reachable(ctx: Context, { coupons, promotions }: Named) {
  const found = await ctx.db.all<{ what: keyof Named; id: number }>(sql`
    SELECT 'coupons' AS what, c.id FROM ${rows(coupons)} CROSS JOIN coupon c ON c.id = value
      WHERE ${isReachable(ctx, sql`c.template`)}
    UNION ALL SELECT 'promotions', p.id FROM ${rows(promotions)} CROSS JOIN promotion p ON p.id = value
      WHERE ${inReach(ctx, sql`p.shop`)}`);
  const ids = (wanted: keyof Named) => new Set(found.flatMap(({ what, id }) => (what === wanted ? [id] : [])));
  return { coupons: ids("coupons"), promotions: ids("promotions") };
}
