import type { ResultSet } from "@libsql/client";
import { inArray } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { type Coupon, type CouponState, couponTable } from "../table.ts";
import { announceMoves, type CacheContext, dropLists, fallBehind, listsIn, moveInLists } from "./wallet-cache.ts";
import { type MemberRange, watchingWithin } from "./watching.ts";

/** A coupon that came into another state. */
export interface ChangedCoupon {
  /** The holder's `seq`. */
  readonly member: number;
  readonly coupon: number;
  readonly from: CouponState;
  readonly to: CouponState;
}

/** The coupons that an `UPDATE … RETURNING coupon, member` changed; a column `state` says where to, if it is there. */
export function changedCoupons(result: ResultSet | undefined, from: CouponState, to: CouponState): ChangedCoupon[] {
  return (result?.rows ?? []).map(({ coupon, member, state }) => ({
    coupon: Number(coupon),
    member: Number(member),
    from,
    to: state === "WITHDRAWN" ? "WITHDRAWN" : to,
  }));
}

/**
 * Of so many and more coupons the lists are dropped instead: it is one round trip for all, and most of them are loaded
 * nowhere.
 */
const manyChanged = 50;

/**
 * To be called by whoever changes the state of coupons, after the commit: what is kept of wallets outside the database
 * follows here. It does not throw, and whoever calls it need not wait for it; the database is right without it.
 */
export async function couponsChanged(ctx: Context, changed: readonly ChangedCoupon[]): Promise<void> {
  if (!listsIn(ctx) || changed.length === 0) return;
  const members = [...new Set(changed.map(({ member }) => member))];
  if (changed.length >= manyChanged) return dropLists(ctx, members);
  try {
    const groups = Map.groupBy(changed, ({ member, from, to }) => `${member}/${from}/${to}`);
    await Promise.all([...groups.values()].map((group) => follow(ctx, group)));
  } catch (error) {
    ctx.log("warn", "wallet.behind", { error });
    await dropLists(ctx, members);
  }
}

/** The same for members who were given new coupons. */
export async function dropAvailable(ctx: CacheContext, members: readonly number[]): Promise<void> {
  if (listsIn(ctx) && members.length > 0) await dropLists(ctx, [...new Set(members)], ["AVAILABLE"]);
}

/**
 * The same for a page of members, all of them above `from` up to `to`: most have looked at no wallet lately. Where the
 * page is a few of many, `only` says who they are.
 */
export async function dropAvailableWithin(
  ctx: CacheContext,
  range: MemberRange,
  only?: () => Promise<readonly number[]>,
): Promise<void> {
  if (!listsIn(ctx)) return;
  const members = await watchingWithin(ctx, range);
  if (members === "unavailable") return fallBehind(ctx);
  if (members.length === 0 || !only) return dropAvailable(ctx, members);
  const meant = await only().catch(() => undefined);
  if (!meant) return fallBehind(ctx);
  const page = new Set(meant);
  await dropAvailable(
    ctx,
    members.filter((member) => page.has(member)),
  );
}

/** Coupons of one member that all changed alike. */
async function follow(ctx: Context, group: readonly ChangedCoupon[]): Promise<void> {
  const [first] = group;
  const name = first && (await announceMoves(ctx, first));
  if (!first || name === undefined) return;
  const coupons = (await couponsNow(ctx, group)).filter(({ state }) => state === first.to);
  // What changed again since is told of by that change; nobody knows which of the two is heard first.
  if (coupons.length < group.length) return dropLists(ctx, [first.member]);
  const { member, from, to } = first;
  await moveInLists(ctx, { member, from, to, name, coupons });
}

function couponsNow(ctx: Context, changed: readonly ChangedCoupon[]): Promise<Coupon[]> {
  const ids = changed.map(({ coupon }) => coupon);
  return ctx.db.orm.select().from(couponTable).where(inArray(couponTable.id, ids));
}
