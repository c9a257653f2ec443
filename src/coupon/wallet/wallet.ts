import { type SQL, sql } from "drizzle-orm";
import type { Context, MemberContext } from "../../context.ts";
import { prepared } from "../../db/statement.ts";
import { perApp } from "../../memory.ts";
import {
  type Kept,
  type ListName,
  listsIn,
  maxKept,
  readList,
  storeList,
  type WalletStatus,
} from "../cache/wallet-cache.ts";
import { couponsById } from "../coupon.ts";
import { isNow, stateNow } from "../state-now.ts";
import { type Coupon, couponColumns, couponsInOne } from "../table.ts";
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
 * over with the latest first. Answered by one statement, or from Redis where that keeps what is far away. An unused
 * coupon whose time is over is EXPIRED, and becomes so in the database when it is looked at; one whose lock has run out
 * is free.
 */
export async function myCoupons(ctx: MemberContext, { status, after, limit }: WalletPage): Promise<Coupon[]> {
  const member = ctx.actor.seq;
  const list = await currentList(ctx, member, status);
  const last = after === undefined ? undefined : await placeOf(ctx, list ?? [], after);
  if (!list) return readPage(ctx, { member, status, after: last, limit });
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

/** What is written of coupons that may be in a status now: time alone frees those that are locked, and ends both. */
const writtenAs = {
  AVAILABLE: ["AVAILABLE", "LOCKED"],
  LOCKED: ["LOCKED"],
  USED: ["USED"],
  EXPIRED: ["EXPIRED", "AVAILABLE", "LOCKED"],
} as const satisfies Record<WalletStatus, readonly WalletStatus[]>;

/** The list as it is now; undefined where it may be longer than what is kept. */
async function currentList(ctx: Context, member: number, status: WalletStatus): Promise<Coupon[] | undefined> {
  const now = ctx.clock();
  const found = await listsOf(ctx, member, writtenAs[status]);
  if (found?.some((coupon) => isPast(coupon, now))) await expireCouponsOf(ctx, member);
  return found?.filter((coupon) => stateNow(coupon, now) === status).toSorted(inOrder(status));
}

/** The coupons of these lists, each once, in no order; undefined where one is longer than what is kept. */
async function listsOf(
  ctx: Context,
  member: number,
  statuses: readonly WalletStatus[],
): Promise<readonly Coupon[] | undefined> {
  if (!listsIn(ctx)) {
    const coupons = await readLists(ctx, member, statuses);
    return coupons.length > maxKept ? undefined : coupons;
  }
  const lists = statuses.map((status) => ({ member, status }));
  const kept = await Promise.all(lists.map((list) => readList(ctx, list)));
  const loaded = kept.map((list) => (typeof list === "object" && list.kind === "loaded" ? list.coupons : []));
  const wanting = lists.flatMap((list, n) => wantingOf(list, kept[n]));
  const found = [...loaded, await reload(ctx, member, wanting)];
  if (found.some(({ length }) => length > maxKept)) return undefined;
  // One that was moved between two readings is in both.
  return [...new Map(found.flat().map((coupon) => [coupon.id, coupon])).values()];
}

/** A list that the database is asked for, and the name under which Redis may keep it, if it may. */
interface Wanting {
  readonly list: ListName;
  readonly version: string | undefined;
}

function wantingOf(list: ListName, kept: Kept | undefined): Wanting[] {
  if (kept === undefined || kept === "unavailable") return [{ list, version: undefined }];
  return kept.kind === "loaded" ? [] : [{ list, version: kept.version }];
}

/**
 * The coupons of all these lists, by one question. Whoever asks under the same versions, until Redis has the lists,
 * gets what the first one read: nothing was moved since.
 */
function reload(ctx: Context, member: number, wanting: readonly Wanting[]): Promise<readonly Coupon[]> {
  if (wanting.length === 0) return Promise.resolve([]);
  const statuses = wanting.map(({ list }) => list.status);
  const read = () => readLists(ctx, member, statuses);
  if (wanting.some(({ version }) => version === undefined)) return read();
  const key = wanting.map(({ list, version }) => `${version}/${list.status}`).join();
  const loading = loads(ctx);
  const running = loading.get(key);
  if (running) return running;
  const loaded = read();
  loading.set(key, loaded);
  void loaded
    .then((coupons) => store(ctx, wanting, coupons))
    .catch(() => {}) // whoever asked hears of it
    .finally(() => loading.delete(key));
  return loaded;
}

async function store(ctx: Context, wanting: readonly Wanting[], coupons: readonly Coupon[]): Promise<void> {
  if (coupons.length > maxKept) return;
  const stored = wanting.map(async ({ list, version = "" }) =>
    storeList(ctx, { ...list, version, coupons: coupons.filter(({ state }) => state === list.status) }),
  );
  await Promise.all(stored);
}

const loads = (ctx: Context) => perApp(ctx, "coupon.walletLoads", () => new Map<string, Promise<readonly Coupon[]>>());

/** One more of these lists than is kept, at most. A member's coupons lie together in the index `coupon_number`. */
async function readLists(
  ctx: Context,
  member: number,
  [a, b = a, c = b]: readonly WalletStatus[],
): Promise<readonly Coupon[]> {
  const row = await ctx.db.first<{ coupons: string }>(couponsWritten({ member, a, b, c, most: maxKept + 1 }));
  return JSON.parse(row?.coupons ?? "[]");
}

/** Of three states, which may be the same: so one text does for all lists. */
const couponsWritten = prepared<{ member: number; a: unknown; b: unknown; c: unknown; most: number }>(
  (it) => sql`
    SELECT ${couponsInOne} AS coupons FROM (
      SELECT * FROM coupon
      WHERE member = ${it.member} AND state IN (${it.a}, ${it.b}, ${it.c}) LIMIT ${it.most}) AS coupon`,
);

interface Page {
  readonly member: number;
  readonly status: WalletStatus;
  readonly after: Coupon | undefined;
  readonly limit: number;
}

function readPage(ctx: Context, { member, status, after, limit }: Page): Promise<Coupon[]> {
  const rest: SQL = after ? isAfter(status, after) : sql`1`;
  return ctx.db.all<Coupon>(sql`
    SELECT ${couponColumns} FROM coupon WHERE member = ${member} AND ${isNow(status, ctx.clock())} AND ${rest}
    ORDER BY ${orderOf(status)} LIMIT ${limit}`);
}
