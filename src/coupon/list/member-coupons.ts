import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponsById } from "../coupon.ts";
import { isNow } from "../state-now.ts";
import type { Coupon, CouponState } from "../table.ts";
import { isReachable } from "../template/template.ts";
import { isAfter, orderOf } from "../wallet/wallet-order.ts";

/** NEWEST: the last one given first. ENDING: the soonest end first, what is for ever last. */
export const couponOrders = ["NEWEST", "ENDING"] as const;
export type CouponsOrder = (typeof couponOrders)[number];

interface Which {
  readonly member: number;
  /** As it is now. */
  readonly state?: CouponState | undefined;
  readonly template?: number | undefined;
}

/** All of a member's coupons of these, told to whoever serves the member; `after` is the last id of the page before. */
export async function couponsOfMember(
  ctx: Context,
  input: Which & { readonly order: CouponsOrder; readonly after?: number | undefined; readonly limit: number },
): Promise<Coupon[]> {
  const { order, after, limit } = input;
  const rest = await behind(ctx, order, after);
  if (!rest) return [];
  const found = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon WHERE ${which(ctx, input)} AND ${rest}
    ORDER BY ${order === "NEWEST" ? sql`id DESC` : orderOf("AVAILABLE")} LIMIT ${limit}`);
  const ids = found.map(({ id }) => id);
  return (await couponsById(ctx, ids)).filter((coupon) => coupon !== undefined);
}

/**
 * A coupon's end moves at most with a refund: so a page goes on where the last one ended. Undefined where there is no
 * such coupon.
 */
async function behind(ctx: Context, order: CouponsOrder, after: number | undefined): Promise<SQL | undefined> {
  if (after === undefined) return sql`1`;
  if (order === "NEWEST") return sql`id < ${after}`;
  const last = await ctx.db.first<{ id: number; validTo: number | null }>(
    sql`SELECT id, valid_to AS validTo FROM coupon WHERE id = ${after} AND ${inReachOf(ctx)}`,
  );
  return last && isAfter("AVAILABLE", last);
}

export async function countCouponsOfMember(ctx: Context, input: Which): Promise<number> {
  const counted = await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon WHERE ${which(ctx, input)}`);
  return counted?.n ?? 0;
}

/** A member's coupons lie together in the index `coupon_number`, those of one template, too. */
function which(ctx: Context, { member, state, template }: Which): SQL {
  return sql`member = ${member} AND ${template === undefined ? sql`1` : sql`template = ${template}`}
    AND ${state === undefined ? sql`1` : isNow(state, ctx.clock())} AND ${inReachOf(ctx)}`;
}

const inReachOf = (ctx: Context) => isReachable(ctx, sql`coupon.template`);
