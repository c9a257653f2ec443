import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponSettings } from "../settings.ts";
import type { CouponTemplate } from "../table.ts";

/** What a template may give at most; of what recurs, each time. Infinity where nothing bounds it. */
export interface Exposure {
  readonly coupons: number;
  /** Minor units. */
  readonly cost: number;
}

type Bounds = Pick<CouponTemplate, "stock" | "budget" | "maxDiscount">;

/** What a stock, a budget and the most that one coupon can cost allow. */
export function exposureOf({ stock, budget, maxDiscount }: Bounds): Exposure {
  const ofStock = stock === null || maxDiscount === null ? Number.POSITIVE_INFINITY : stock * maxDiscount;
  return {
    coupons: stock ?? Number.POSITIVE_INFINITY,
    cost: Math.min(budget ?? Number.POSITIVE_INFINITY, ofStock),
  };
}

/** A template's stock as it will be: where codes come from pools, all that these are to have. */
export async function stockToBe(ctx: Context, { id, codeMode, stock }: CouponTemplate): Promise<number | null> {
  if (codeMode !== "POOL") return stock;
  const row = await ctx.db.first<{ n: number }>(sql`
    SELECT coalesce(sum(CASE WHEN state = 'CANCELLED' THEN made ELSE max(made, coalesce(wanted, 0)) END), 0) AS n
    FROM code_pool WHERE template = ${id}`);
  return row?.n ?? 0;
}

/**
 * What of an exposure needs a second person: it is above what an installation allows one person, above what was agreed
 * to, and above what it was before. In words; empty where nothing does.
 */
export function beyond(ctx: Context, to: Exposure, ...within: readonly Exposure[]): string[] {
  const { approvalStock, approvalBudget } = couponSettings.of(ctx);
  const over = (name: keyof Exposure, limit: number | null) =>
    limit !== null && to[name] > limit && within.every((each) => to[name] > each[name]);
  return [
    ...(over("coupons", approvalStock) ? [`gives ${inWords(to.coupons)} coupons (alone: ${approvalStock})`] : []),
    ...(over("cost", approvalBudget) ? [`may cost ${inWords(to.cost)} minor units (alone: ${approvalBudget})`] : []),
  ];
}

function inWords(amount: number): string {
  return Number.isFinite(amount) ? String(amount) : "any number of";
}
