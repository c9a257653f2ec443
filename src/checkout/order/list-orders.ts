import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isOfShop } from "../../shop.ts";
import { type CouponOrder, type OrderState, orderInReach, orderStates, ordersById } from "./order.ts";

/** Which orders are asked for. */
export interface OrderFilter {
  readonly member?: number | undefined;
  /** That all of their lines are of; empty: those of several, and the company's own. */
  readonly shop?: string | undefined;
  /** As it is now. */
  readonly state?: OrderState | undefined;
  /** When they were locked last: from, and until before (ms). */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** How the shop's id begins. */
  readonly begins?: string | undefined;
}

/** Orders whose ids begin alike that are looked at, the first ones by their ids; and how far is counted. */
export const lookedAtMost = 10_000;
export const countedMost = 10_000;

interface Place {
  readonly id: number;
  readonly lockedAt: number;
}

/** Orders, the one locked last first; `after` is the last id of the page before. */
export async function listOrders(
  ctx: Context,
  { after, limit, ...filter }: OrderFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<CouponOrder[]> {
  const last =
    after === undefined
      ? undefined
      : await ctx.db.first<Place>(sql`SELECT id, locked_at AS lockedAt FROM coupon_order
          WHERE id = ${after} AND ${orderInReach(ctx)}`);
  if (after !== undefined && !last) return [];
  const found = await ctx.db.all<Place>(pageOf(ctx, filter, last, limit));
  const orders = await ordersById(
    ctx,
    found.map(({ id }) => id),
  );
  return orders.filter((order) => order !== undefined);
}

/** How many these are, {@link countedMost} at most. */
export async function countOrders(ctx: Context, filter: OrderFilter): Promise<number> {
  const counted = await ctx.db.first<{ n: number }>(
    sql`SELECT count(*) AS n FROM (${pageOf(ctx, filter, undefined, countedMost)})`,
  );
  return counted?.n ?? 0;
}

/**
 * A page of the columns `id` and `lockedAt`. A member's orders lie together in `coupon_order_member`, those of a name
 * in the index of the names; else each state is read in the order of `coupon_order_list`, and the pages are merged.
 * Those of one shop have indexes of their own, by state and by name.
 */
function pageOf(ctx: Context, filter: OrderFilter, last: Place | undefined, limit: number): SQL {
  const { member, begins } = filter;
  const ofShop = sql`${orderInReach(ctx)} AND ${isOfShop(filter.shop, sql`coupon_order.shop`)}`;
  const behind = last ? sql`(locked_at, id) < (${last.lockedAt}, ${last.id})` : sql`1`;
  const rest = sql`${ofShop} AND ${inTime(filter)} AND ${behind}`;
  const page = sql`ORDER BY locked_at DESC, id DESC LIMIT ${limit}`;
  const columns = sql.raw("id, locked_at AS lockedAt");
  if (member === undefined && begins === undefined) {
    const parts = writtenOf(ctx, filter.state).map(
      (which) =>
        sql`SELECT * FROM (SELECT ${columns} FROM coupon_order WHERE ${which} AND refunded >= 0 AND ${rest} ${page})`,
    );
    return sql`${sql.join(parts, sql` UNION ALL `)} ORDER BY lockedAt DESC, id DESC LIMIT ${limit}`;
  }
  const states = sql`(${sql.join(writtenOf(ctx, filter.state), sql` OR `)})`;
  if (member === undefined) {
    const named = sql`
      SELECT id FROM coupon_order WHERE ${beginsWith(begins)} AND ${ofShop} ORDER BY order_id LIMIT ${lookedAtMost}`;
    return sql`SELECT ${columns} FROM coupon_order WHERE id IN (${named}) AND ${states} AND ${rest} ${page}`;
  }
  return sql`
    SELECT ${columns} FROM coupon_order WHERE member = ${member} AND ${beginsWith(begins)} AND ${states} AND ${rest}
    ${page}`;
}

function inTime({ since, until }: OrderFilter): SQL {
  return sql`locked_at >= ${since ?? 0} AND locked_at < ${until ?? Number.MAX_SAFE_INTEGER}`;
}

function beginsWith(begins: string | undefined): SQL {
  return begins ? sql`order_id >= ${begins} AND order_id < ${`${begins}\u{10FFFF}`}` : sql`1`;
}

/** What is written of the orders that are in a state now: one whose lock is over is EXPIRED, swept or not. */
function writtenOf(ctx: Context, state: OrderState | undefined): SQL[] {
  const now = ctx.clock();
  const written = (name: OrderState) => sql.raw(`state = '${name}'`);
  switch (state) {
    case undefined:
      return orderStates.map(written);
    case "LOCKED":
      return [sql`(${written("LOCKED")} AND locked_until > ${now})`];
    case "EXPIRED":
      return [written("EXPIRED"), sql`(${written("LOCKED")} AND locked_until <= ${now})`];
    default:
      return [written(state)];
  }
}
