import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { checkoutSettings } from "../settings.ts";
import { completeOrders } from "./complete.ts";
import { ordersById } from "./order.ts";

/** Transactions in one go, before others get their turn. */
const steps = 20;

/**
 * Completes the orders that were redeemed so long ago as the shop says, if it does: at most `batchSize` in one
 * transaction, and a bounded number of those. Answers how many.
 */
export async function completeDue(ctx: Context, batchSize: number): Promise<number> {
  const { completeAfterMs } = checkoutSettings.of(ctx);
  if (completeAfterMs === undefined) return 0;
  let completed = 0;
  for (let step = 0; step < steps; step++) {
    const due = await ctx.db.all<{ id: number }>(sql`
      SELECT id FROM coupon_order WHERE state = 'REDEEMED' AND redeemed_at <= ${ctx.clock() - completeAfterMs}
      ORDER BY redeemed_at LIMIT ${batchSize}`);
    const orders = await ordersById(
      ctx,
      due.map(({ id }) => id),
    );
    const paid = orders.flatMap((order) => (order?.state === "REDEEMED" ? [order] : []));
    if (paid.length > 0) completed += await completeOrders(ctx, paid);
    if (due.length < batchSize) break;
  }
  return completed;
}
