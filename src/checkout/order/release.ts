import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponsReleased, releaseStatements } from "../../coupon/use/release.ts";
import type { Query } from "../../db/statement.ts";
import { refuse } from "../../errors.ts";
import { auditOperator, subjectOf } from "../../transition/audit.ts";
import { faultOfName, findOrder, orderInReach } from "./order.ts";

/**
 * Gives an order up: its coupons can be used again. An order that was released, or whose lock is over, is answered as
 * it stands. Refusals: INVALID_INPUT, NOT_FOUND, WRONG_STATE (it was redeemed: refund it).
 */
export async function releaseCoupons(ctx: Context, { orderId }: { readonly orderId: string }) {
  const unnamed = faultOfName(orderId);
  if (unnamed) return unnamed;
  const held = await findOrder(ctx, orderId);
  if (!held) return refuse.notFound("order", orderId);
  const locked = sql`
    id = ${held.id} AND ${orderInReach(ctx)} AND state = 'LOCKED' AND locked_until > ${ctx.clock()}`;
  await freeOrders(
    ctx,
    locked,
    sql`state = 'RELEASED', ended_at = ${ctx.clock()}`,
    auditOperator(
      ctx,
      subjectOf("order", held.id),
      "released",
      sql`EXISTS (SELECT 1 FROM coupon_order WHERE ${locked})`,
    ),
  );
  const order = await findOrder(ctx, orderId);
  if (!order) return refuse.notFound("order", orderId);
  if (order.state === "RELEASED" || order.state === "EXPIRED") return order;
  return refuse.wrongState(`This order is paid: it is ${order.state}. Refund it instead.`, order.state);
}

/**
 * Frees the coupons of the locked orders that `where` selects, then changes those, and does `first` before; answers how
 * many. A second run finds the orders changed and does nothing.
 */
export async function freeOrders(ctx: Context, where: SQL, set: SQL, first: readonly Query[] = []): Promise<number> {
  const results = await ctx.db.write([
    ...first,
    ...releaseStatements(sql`SELECT order_id FROM coupon_order WHERE ${where}`, ctx.clock()),
    sql`UPDATE coupon_order SET revision = ${ctx.id()}, ${set} WHERE ${where}`,
  ]);
  await couponsReleased(ctx, results.slice(first.length, -1));
  return results.at(-1)?.rowsAffected ?? 0;
}
