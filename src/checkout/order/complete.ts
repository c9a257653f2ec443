import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import { refuse } from "../../errors.ts";
import { auditEach } from "../../transition/audit.ts";
import { orderCompleted, ordersTold } from "../events.ts";
import { earnStatements } from "../reward/earn.ts";
import { stillEarned } from "../reward/reckon.ts";
import { type CouponOrder, faultOfName, findOrder, tooBusy, tries } from "./order.ts";
import { refundsOfOrders } from "./refund-rows.ts";

/**
 * Says that the goods of a paid order are kept: what promotions promised for it is given from now on – where some of
 * it went back, what the rest of the payment earns. Safe to send again: a complete order is answered as it stands.
 * Refusals: INVALID_INPUT, NOT_FOUND, WRONG_STATE (it is not paid, or all that was paid went back).
 */
export async function completeOrder(ctx: Context, { orderId }: { readonly orderId: string }) {
  const unnamed = faultOfName(orderId);
  if (unnamed) return unnamed;
  for (let n = 0; n < tries; n++) {
    const order = await findOrder(ctx, orderId);
    if (!order) return refuse.notFound("order", orderId);
    if (order.state === "COMPLETED") return order;
    if (order.state !== "REDEEMED") return notPaid(order);
    await completeOrders(ctx, [order]);
  }
  return tooBusy();
}

function notPaid({ state }: CouponOrder) {
  const why = state === "REFUNDED" ? "all that was paid went back" : "redeem it first";
  return refuse.wrongState(`This order cannot be completed: it is ${state}; ${why}.`, state);
}

/**
 * Completes those of these paid orders that are still as they were read, in one transaction; answers how many. What
 * they earn is written down with it. The orders change last: run again, nothing happens twice.
 */
export async function completeOrders(ctx: Context, orders: readonly CouponOrder[]): Promise<number> {
  const now = ctx.clock();
  const refunds = await refundsOfOrders(
    ctx,
    orders.map(({ id }) => id),
  );
  const earnings = orders.map(({ id, revision, redeemedAt, quote }) => {
    return { order: id, revision, redeemedAt: redeemedAt ?? 0, earned: stillEarned(quote, refunds.get(id) ?? []) };
  });
  const which = asRead(orders);
  const results = await ctx.db.write([
    ...auditEach(ctx, "order", sql`(SELECT id, 'completed' AS what FROM coupon_order WHERE ${which})`),
    ordersTold(
      orderCompleted,
      sql`'pay', o.pay, 'refunded', o.refunded`,
      sql`(SELECT * FROM coupon_order WHERE ${which}) o`,
      now,
    ),
    ...earnStatements(ctx, earnings, sql`o.state = 'REDEEMED'`),
    sql`
      UPDATE coupon_order SET state = 'COMPLETED', revision = ${ctx.id()}, completed_at = ${now} WHERE ${which}`,
  ]);
  return results.at(-1)?.rowsAffected ?? 0;
}

/** A row of `coupon_order` is one of these, paid, and as it was read. */
function asRead(orders: readonly CouponOrder[]): SQL {
  const read = rows(orders.map(({ id, revision }) => ({ id, revision })));
  return sql`id IN (SELECT ${field("id")} FROM ${read}) AND state = 'REDEEMED'
    AND revision IN (SELECT ${field("revision")} FROM ${read})`;
}
