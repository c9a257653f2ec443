import { and, inArray, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { type Coupon, couponTable } from "./table.ts";
import { isReachable } from "./template/template.ts";

/**
 * The coupons of these ids in the order asked, with `undefined` for those that are not there, not the acting member's,
 * or whose templates are not in the reach of the actor.
 */
export async function couponsById(ctx: Context, ids: readonly number[]): Promise<(Coupon | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(couponTable)
    .where(and(inArray(couponTable.id, [...ids]), isReachable(ctx, sql`coupon.template`)));
  const { actor } = ctx;
  const visible = found.filter(({ member }) => actor.kind !== "member" || member === actor.seq);
  return inOrder(ids, visible);
}
