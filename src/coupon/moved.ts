import { inArray } from "drizzle-orm";
import type { Context } from "../context.ts";
import { type Coupon, type CouponState, couponTable } from "./table.ts";
import { dropLists, type Moves, moveInLists } from "./wallet-cache.ts";

/** A coupon that came into another state. */
export interface MovedCoupon {
  /** The holder's `seq`. */
  readonly member: number;
  readonly coupon: number;
  readonly from: CouponState;
  readonly to: CouponState;
}

/** Of so many and more coupons the lists are dropped instead: it is one round trip for all, and most of them are loaded nowhere. */
const manyMoved = 50;

/**
 * To be called by whoever changes the state of coupons, after the commit: what is kept of wallets outside the database follows here. It
 * does not throw, and whoever calls it need not wait for it; the database is right without it.
 */
export async function couponsMoved(ctx: Context, moved: readonly MovedCoupon[]): Promise<void> {
  if (!ctx.redis || moved.length === 0) return;
  const members = [...new Set(moved.map(({ member }) => member))];
  if (moved.length >= manyMoved) return dropLists(ctx.redis, members);
  try {
    const groups = groupsOf(moved, await couponsNow(ctx, moved));
    await Promise.all(groups.map((group) => (group ? moveInLists(ctx.redis, group) : dropLists(ctx.redis, members))));
  } catch (error) {
    ctx.log("warn", "wallet.behind", { error });
    await dropLists(ctx.redis, members);
  }
}

/** The same for members who were given new coupons. */
export async function couponsGiven({ redis }: Pick<Context, "redis">, members: readonly number[]): Promise<void> {
  if (redis && members.length > 0) await dropLists(redis, [...new Set(members)], ["AVAILABLE"]);
}

async function couponsNow(ctx: Context, moved: readonly MovedCoupon[]): Promise<ReadonlyMap<number, Coupon>> {
  const ids = moved.map(({ coupon }) => coupon);
  const found = await ctx.db.orm.select().from(couponTable).where(inArray(couponTable.id, ids));
  return new Map(found.map((coupon) => [coupon.id, coupon]));
}

/** One for each member, state before and state after; `undefined` where a coupon has moved on since: its lists are not told, but dropped. */
function groupsOf(moved: readonly MovedCoupon[], now: ReadonlyMap<number, Coupon>): (Moves | undefined)[] {
  const groups = Map.groupBy(moved, ({ member, from, to }) => `${member}/${from}/${to}`);
  return [...groups.values()].map((group) => {
    const [first] = group;
    const coupons = group.flatMap(({ coupon, to }) => {
      const row = now.get(coupon);
      return row?.state === to ? [row] : [];
    });
    return first && coupons.length === group.length ? { ...first, coupons } : undefined;
  });
}
