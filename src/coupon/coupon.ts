import { inArray } from "drizzle-orm";
import type { Context } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { type Coupon, couponTable } from "./table.ts";

/**
 * The coupons of these ids in the order asked, with `undefined` for those that are not there, or not the acting
 * member's.
 */
export async function couponsById(ctx: Context, ids: readonly number[]): Promise<(Coupon | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(couponTable)
    .where(inArray(couponTable.id, [...ids]));
  const { actor } = ctx;
  const visible = found.filter(({ member }) => actor.kind !== "member" || member === actor.seq);
  return inOrder(ids, visible);
}
