import { and, eq, type SQL } from "drizzle-orm";
import type { Context, MemberContext } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { maxKept, readList, storeList, type WalletStatus } from "../cache/wallet-cache.ts";
import { couponsById } from "../coupon.ts";
import { isNow, stateNow } from "../state-now.ts";
import { type Coupon, couponTable } from "../table.ts";
import { expireCouponsOf, isPast } from "./expiry.ts";
import { inOrder, isAfter, orderOf } from "./wallet-order.ts";

/** A page of a member's own coupons. */
export interface WalletPage {
  readonly status: WalletStatus;
  /** Id of the last coupon of the page before. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/**
 * The acting member's coupons in one status, as it is now: what may still be used with the soonest end first, what is
 * over with the latest first. Answered from Redis when it is there, from the database otherwise. An unused coupon whose
 * time is over is EXPIRED, and becomes so in the database when it is looked at; one whose lock has run out is free.
 */
export async function myCoupons(ctx: MemberContext, { status, after, limit }: WalletPage): Promise<Coupon[]> {
  const member = ctx.actor.seq;
  const list = await currentList(ctx, member, status);
  const last = after === undefined ? undefined : await placeOf(ctx, list ?? [], after);
  if (!list) return readCoupons(ctx, { member, status, after: last, limit }, isNow(status, ctx.clock()));
  const order = inOrder(status);
  return list.filter((coupon) => last === undefined || order(coupon, last) > 0).slice(0, limit);
}

/**
 * A coupon keeps its end, whatever becomes of it: so a page goes on where the last one ended, even when that coupon was
 * used since.
 */
async function placeOf(ctx: Context, list: readonly Coupon[], id: number): Promise<Coupon | undefined> {
  return list.find((coupon) => coupon.id === id) ?? (await couponsById(ctx, [id]))[0];
}

/** The list as it is now; undefined where it may be longer than what is kept. */
async function currentList(ctx: Context, member: number, status: WalletStatus): Promise<Coupon[] | undefined> {
  const now = ctx.clock();
  const read = (from: WalletStatus, isAsked: boolean) => (isAsked ? listOf(ctx, member, from) : []);
  const isUnused = status === "AVAILABLE" || status === "EXPIRED";
  const [unused, locked] = await Promise.all([read("AVAILABLE", isUnused), read("LOCKED", status !== "USED")]);
  if (unused.some((coupon) => isPast(coupon, now))) await expireCouponsOf(ctx, member);
  const over = await read(status, status === "USED" || status === "EXPIRED");
  const lists = [unused, locked, over];
  if (lists.some((list) => list.length > maxKept)) return undefined;
  return lists
    .flat()
    .filter((coupon) => stateNow(coupon, now) === status)
    .toSorted(inOrder(status));
}

/** The list by the state that is written, in no order; more than {@link maxKept} coupons when there are more. */
async function listOf(ctx: Context, member: number, status: WalletStatus): Promise<readonly Coupon[]> {
  const kept = await readList(ctx, { member, status });
  if (kept === "unavailable") return readCoupons(ctx, { member, status, limit: maxKept + 1 });
  if (kept.kind === "loaded") return kept.coupons;
  return reload(ctx, member, status, kept.version);
}

/**
 * Whoever asks under the same version, until Redis has the list, gets what the first one read: nothing was moved since.
 */
function reload(ctx: Context, member: number, status: WalletStatus, version: string): Promise<readonly Coupon[]> {
  const loading = loads(ctx);
  const key = `${version}/${status}`;
  const running = loading.get(key);
  if (running) return running;
  const loaded = readCoupons(ctx, { member, status, limit: maxKept + 1 });
  loading.set(key, loaded);
  void loaded
    .then((coupons) => storeList(ctx, { member, status, version, coupons }))
    .catch(() => {}) // whoever asked hears of it
    .finally(() => loading.delete(key));
  return loaded;
}

const loads = (ctx: Context) => perApp(ctx, "coupon.walletLoads", () => new Map<string, Promise<readonly Coupon[]>>());

interface Stretch {
  readonly member: number;
  readonly status: WalletStatus;
  readonly after?: Coupon | undefined;
  readonly limit: number;
}

/** A member's coupons lie together in the index `coupon_number`. */
function readCoupons(
  ctx: Context,
  { member, status, after, limit }: Stretch,
  which: SQL = eq(couponTable.state, status),
): Promise<Coupon[]> {
  return ctx.db.orm
    .select()
    .from(couponTable)
    .where(and(eq(couponTable.member, member), which, after && isAfter(status, after)))
    .orderBy(orderOf(status))
    .limit(limit);
}
