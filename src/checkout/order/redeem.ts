import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponsMoved } from "../../coupon/cache/sync-cache.ts";
import { moveTemplates, nothingLeft } from "../../coupon/template/state.ts";
import { templateChanged } from "../../coupon/template/tell-gate.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { Cart, type CartInput, isSameCart } from "../cart.ts";
import type { Quote } from "../quote/quote-shape.ts";
import { movedRows } from "./coupons-moved.ts";
import { type CouponOrder, checked, couponsOf, faultOfName, findOrder, tooBusy, tries } from "./order.ts";
import { quoteOf } from "./quote-order.ts";

export interface RedeemInput {
  readonly orderId: string;
  /** What was bought in the end; what was locked unless said. It is quoted anew where it differs, with the same coupons. */
  readonly cart?: CartInput | undefined;
}

/**
 * Spends the coupons that an order holds, at the price that was locked: what was reserved of the budgets becomes spent. An order that was
 * redeemed is answered as it stands. Refusals: NOT_FOUND, INVALID_INPUT, WRONG_STATE (it was released or refunded, or its lock is over: lock
 * it again), COUPON_UNUSABLE (on the new cart), CONFLICT (it was redeemed with another cart).
 */
export async function redeemCoupons(ctx: Context, { orderId, cart }: RedeemInput): Promise<CouponOrder | Refusal> {
  const unnamed = faultOfName(orderId);
  if (unnamed) return unnamed;
  const bought = cart && checked(Cart, cart);
  if (isRefusal(bought)) {
    return bought.code === "INVALID_INPUT"
      ? refuse.invalid(bought.issues.map(({ path, message }) => ({ path: `cart.${path}`, message })))
      : bought;
  }
  for (let n = 0; n < tries; n++) {
    const order = await findOrder(ctx, orderId);
    if (!order) return refuse.notFound("order", orderId);
    const isSame = !bought || isSameCart(bought, order.cart);
    if (order.state === "REDEEMED") {
      return isSame ? order : refuse.conflict("This order was redeemed with another cart.");
    }
    if (order.state !== "LOCKED") return notLocked(order);
    const quote = isSame ? order.quote : await quoteAgain(ctx, order, bought);
    if (quote.leftOut.length > 0) return refuse.couponUnusable(quote.leftOut);
    await redeem(ctx, order, { cart: isSame ? order.cart : bought, quote });
  }
  return tooBusy();
}

function notLocked({ state }: CouponOrder): Refusal {
  const next = state === "REFUNDED" ? "" : " Lock its coupons again, then redeem.";
  return refuse.wrongState(`This order holds no coupons: it is ${state}.${next}`, state);
}

/** The coupons are those that were locked, and as valid as they were then. */
function quoteAgain(ctx: Context, order: CouponOrder, cart: Cart): Promise<Quote> {
  const { orderId, member, lockedAt } = order;
  return quoteOf(ctx, { cart, member, coupons: couponsOf(order), order: { id: orderId, at: lockedAt } });
}

async function redeem(
  ctx: Context,
  order: CouponOrder,
  sold: { readonly cart: Cart; readonly quote: Quote },
): Promise<void> {
  const results = await ctx.db.write(redeemStatements(ctx, order, sold));
  await couponsMoved(ctx, movedRows(results.at(-1), "LOCKED", "USED"));
  if (results.at(-2)?.rowsAffected) {
    for (const { template } of sold.quote.coupons) await templateChanged(ctx, template);
  }
}

/**
 * The order becomes REDEEMED if it is as it was read; what follows holds for that revision alone and is computed of the coupons that are
 * still locked for it, which move last: run again, nothing happens twice.
 */
function redeemStatements(
  ctx: Context,
  { id, orderId, revision: seen }: CouponOrder,
  { cart, quote }: { readonly cart: Cart; readonly quote: Quote },
): Query[] {
  const [now, revision] = [ctx.clock(), Bun.randomUUIDv7()];
  const sold = sql`(SELECT ${field("coupon")} AS coupon, ${field("discount")} AS discount FROM ${rows(quote.coupons)})`;
  const moving = sql`${sold} w CROSS JOIN coupon c ON c.id = w.coupon AND c.state = 'LOCKED' AND c.order_id = ${orderId}
    WHERE EXISTS (SELECT 1 FROM settlement WHERE id = ${id} AND revision = ${revision})`;
  // Without it SQLite walks all templates to find these.
  const theirs = sql`coupon_template.id IN (SELECT value FROM ${rows(quote.coupons.map(({ template }) => template))})`;
  return [
    sql`
      UPDATE settlement SET state = 'REDEEMED', revision = ${revision}, cart = ${JSON.stringify(cart)}, quote = ${JSON.stringify(quote)},
        pay = ${quote.pay}, redeemed_at = ${now}
      WHERE id = ${id} AND revision = ${seen} AND state = 'LOCKED' AND locked_until > ${now}`,
    sql`
      UPDATE coupon_tally SET n = coupon_tally.n - g.n FROM (SELECT c.template, count(*) AS n FROM ${moving} GROUP BY c.template) g
      WHERE coupon_tally.template = g.template AND coupon_tally.state = 'LOCKED'`,
    sql`
      INSERT INTO coupon_tally (template, state, n, discount, revenue)
      SELECT c.template, 'USED', count(*), sum(w.discount), ${quote.pay} FROM ${moving} GROUP BY c.template
      ON CONFLICT (template, state) DO UPDATE SET n = n + excluded.n, discount = discount + excluded.discount,
        revenue = revenue + excluded.revenue`,
    sql`
      UPDATE coupon_template SET reserved = reserved - g.reserve, spent = spent + g.discount
      FROM (SELECT c.template, c.reserve, w.discount FROM ${moving}) g WHERE coupon_template.id = g.template AND ${theirs}`,
    ...moveTemplates(ctx, "revive", sql`${theirs} AND NOT ${nothingLeft}`),
    sql`
      UPDATE coupon SET state = 'USED', reserve = 0, locked_until = NULL, used_at = ${now}, discount = g.discount
      FROM (SELECT c.id, w.discount FROM ${moving}) g WHERE coupon.id = g.id RETURNING coupon.id AS coupon, coupon.member`,
  ];
}
