import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponsSpent, spendStatements } from "../../coupon/use/spend.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { inAllShops } from "../../shop.ts";
import { auditOperator, subjectOf } from "../../transition/audit.ts";
import { Cart, type CartInput, isSameCart, shopOfCart, strangeLines } from "../cart.ts";
import { orderRedeemed, ordersTold } from "../events.ts";
import type { Quote } from "../quote/quote-shape.ts";
import { refuseCoupons } from "../refusals.ts";
import { spentMore } from "../spend/spend.ts";
import { quoteInReach } from "./in-reach.ts";
import { type CouponOrder, couponsOf, faultOfName, findOrder, tooBusy, tries } from "./order.ts";
import { quoteOf } from "./quote-order.ts";

export interface RedeemInput {
  readonly orderId: string;
  /**
   * What was bought in the end; what was locked unless said. It is quoted anew where it differs, with the same coupons.
   */
  readonly cart?: CartInput | undefined;
}

/**
 * Writes down that an order is paid, at the price that was locked, and spends the coupons that it holds: what was
 * reserved of the budgets becomes spent. An order that was redeemed, or is complete by now, is answered as it stands.
 * Refusals: NOT_FOUND, INVALID_INPUT (also lines of a shop that is not the operator's), WRONG_STATE (it was released or
 * refunded, or its lock is over: lock it again), COUPON_UNUSABLE (on the new cart), CONFLICT (it was redeemed with
 * another cart).
 */
export async function redeemCoupons(ctx: Context, { orderId, cart }: RedeemInput) {
  const unnamed = faultOfName(orderId);
  if (unnamed) return unnamed;
  const bought = cart && parseInput(Cart, cart, ["cart"]);
  if (isRefusal(bought)) return bought;
  const strange = bought && strangeLines(ctx, bought);
  if (strange) return strange;
  for (let n = 0; n < tries; n++) {
    const order = await findOrder(ctx, orderId);
    if (!order) return refuse.notFound("order", orderId);
    const isSame = !bought || isSameCart(bought, order.cart);
    if (order.state === "REDEEMED" || order.state === "COMPLETED") {
      return isSame ? order : refuse.conflict("This order was redeemed with another cart.");
    }
    if (order.state !== "LOCKED") return notLocked(order);
    const quote = isSame ? order.quote : await quoteAgain(ctx, order, bought);
    if (quote.leftOut.length > 0) return refuseCoupons((await quoteInReach(ctx, quote)).leftOut, quote.currency);
    await redeem(ctx, order, { cart: isSame ? order.cart : bought, quote });
  }
  return tooBusy();
}

function notLocked({ state }: CouponOrder) {
  const next = state === "REFUNDED" ? "" : " Lock it again, then redeem.";
  return refuse.wrongState(`This order is not locked: it is ${state}.${next}`, state);
}

/** The coupons are those that were locked, and as valid as they were then; whatever acts, acts for whoever redeems. */
function quoteAgain(ctx: Context, order: CouponOrder, cart: Cart): Promise<Quote> {
  const { orderId, member, lockedAt } = order;
  return quoteOf(inAllShops(ctx), { cart, member, couponIds: couponsOf(order), order: { id: orderId, at: lockedAt } });
}

interface Sold {
  readonly cart: Cart;
  readonly quote: Quote;
}

async function redeem(ctx: Context, order: CouponOrder, sold: Sold): Promise<void> {
  const locked = isLocked(order, ctx.clock());
  const before = beforeStatements(ctx, order, sold, locked);
  const results = await ctx.db.write([...before, ...redeemStatements(ctx, order, sold, locked)]);
  await couponsSpent(ctx, sold.quote.coupons, results.slice(before.length + 1));
}

/** The order is as it was read, and its lock holds. */
function isLocked({ id, revision }: CouponOrder, now: number): SQL {
  return sql`id = ${id} AND revision = ${revision} AND state = 'LOCKED' AND locked_until > ${now}`;
}

/** What stands before the order changes, and asks it whether it will: the event, and what the member spent. */
function beforeStatements(ctx: Context, order: CouponOrder, { quote }: Sold, locked: SQL): Query[] {
  const which = sql`SELECT * FROM coupon_order WHERE ${locked}`;
  const { pay: amount, currency } = quote;
  return [
    ...auditOperator(ctx, subjectOf("order", order.id), "redeemed", sql`EXISTS (${which})`),
    ordersTold(orderRedeemed, sql`'pay', ${amount}`, sql`(${which}) o`, ctx.clock()),
    ...spentMore(ctx, { member: order.member, currency, amount }, sql`EXISTS (${which})`),
  ];
}

/** The order becomes REDEEMED if it is as it was read; what follows holds for that revision alone. */
function redeemStatements(ctx: Context, { id, orderId }: CouponOrder, sold: Sold, locked: SQL): Query[] {
  const { cart, quote } = sold;
  const [now, revision] = [ctx.clock(), ctx.id()];
  const { coupons, pay } = quote;
  return [
    sql`
      UPDATE coupon_order SET state = 'REDEEMED', revision = ${revision}, shop = ${shopOfCart(cart)},
        cart = ${JSON.stringify(cart)}, quote = ${JSON.stringify(quote)}, pay = ${pay}, redeemed_at = ${now}
      WHERE ${locked}`,
    ...spendStatements(
      ctx,
      { orderId, coupons, pay },
      sql`EXISTS (SELECT 1 FROM coupon_order WHERE id = ${id} AND revision = ${revision})`,
    ),
  ];
}
