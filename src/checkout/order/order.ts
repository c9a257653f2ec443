import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { inOrder } from "../../db/in-order.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { inReach } from "../../shop.ts";
import { externalIdForms } from "../../value/external-id.ts";
import { plainText } from "../../value/plain-text.ts";
import { Cart } from "../cart.ts";
import { Quote } from "../quote/quote-shape.ts";

/**
 * How far an order is. LOCKED: its price and its coupons are held until `lockedUntil`. REDEEMED: it is paid, they are
 * spent. COMPLETED: the goods are kept, what it earned is given. REFUNDED: all that was paid went back. RELEASED and
 * EXPIRED: the coupons are free again, and it may be locked anew.
 */
export const orderStates = ["LOCKED", "REDEEMED", "COMPLETED", "REFUNDED", "RELEASED", "EXPIRED"] as const;
export type OrderState = (typeof orderStates)[number];

const Json = z.string().transform((text): unknown => JSON.parse(text));

const OrderRow = z.object({
  id: z.int(),
  /** The shop's id of it. */
  orderId: z.string(),
  /** The shop that all of its lines are of; empty: of several, or the company's own. */
  shop: z.string(),
  /** The member's `seq`. */
  member: z.int(),
  state: z.enum(orderStates),
  /** Changes with every change. */
  revision: z.string(),
  cart: Json.pipe(Cart),
  /** What was agreed: what each coupon takes off, and what of it each line bears. */
  quote: Json.pipe(Quote),
  /** What has been refunded of `quote.pay`, minor units. */
  refunded: z.int(),
  /** ms, as all times. */
  lockedAt: z.int(),
  lockedUntil: z.int(),
  redeemedAt: z.int().nullable(),
  completedAt: z.int().nullable(),
  /** When it was released, expired or refunded in full. */
  endedAt: z.int().nullable(),
});

/** An order of the shop, with its price as it was agreed, by promotions and the coupons that are used on it. */
export type CouponOrder = z.infer<typeof OrderRow>;

/**
 * The orders of these ids in the order asked, with `undefined` for those that are not there, or not in the reach of the
 * actor.
 */
export async function ordersById(ctx: Context, ids: readonly number[]): Promise<(CouponOrder | undefined)[]> {
  const found = await ctx.db.all<object>(sql`
    SELECT ${columns} FROM coupon_order WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))
      AND ${orderInReach(ctx)}`);
  const now = ctx.clock();
  return inOrder(
    ids,
    found.map((row) => read(row, now)),
  );
}

/**
 * The order that the shop calls so, where it is in the reach of the actor. A lock that is over is EXPIRED here, whether
 * it was swept yet or not.
 */
export async function findOrder(ctx: Context, orderId: string): Promise<CouponOrder | undefined> {
  const forms = externalIdForms(orderId);
  const row = await ctx.db.first<object>(sql`
    SELECT ${columns} FROM coupon_order WHERE order_id IN (SELECT value FROM ${rows(forms)}) AND ${orderInReach(ctx)}
    ORDER BY order_id = ${forms[0]} DESC LIMIT 1`);
  return row && read(row, ctx.clock());
}

/** A row of `coupon_order` is the actor's to know of: all of its lines are of the shop that the actor works for. */
export function orderInReach(ctx: Context): SQL {
  return inReach(ctx, sql`coupon_order.shop`);
}

const columns = sql`id, order_id AS orderId, shop, member, state, revision, cart, quote, refunded,
  locked_at AS lockedAt, locked_until AS lockedUntil, redeemed_at AS redeemedAt, completed_at AS completedAt,
  ended_at AS endedAt`;

function read(row: object, now: number): CouponOrder {
  const order = OrderRow.parse(row);
  const isOver = order.state === "LOCKED" && order.lockedUntil <= now;
  return isOver ? { ...order, state: "EXPIRED", endedAt: order.lockedUntil } : order;
}

/** The ids of the coupons that are used on it, sorted. */
export function couponsOf({ quote }: CouponOrder): number[] {
  return quote.coupons.map(({ coupon }) => coupon).sort((a, b) => a - b);
}

/**
 * How often a change is decided again when others changed the same order or coupons meanwhile: each time, one of them
 * got further.
 */
export const tries = 50;

export function tooBusy() {
  return refuse.conflict("Others change this order or its coupons at the same time; try again.");
}

/** The shop's name for an order or a refund. */
export const ShopName = plainText(100);

const Named = z.object({ orderId: ShopName });

/** INVALID_INPUT for what cannot be an order's name. */
export function faultOfName(orderId: string) {
  const named = parseInput(Named, { orderId });
  return isRefusal(named) ? named : undefined;
}
