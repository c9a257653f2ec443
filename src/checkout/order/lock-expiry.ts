import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { freeOrders } from "./release.ts";

/** Transactions in one go, before others get their turn: what comes to nothing on a busy day must not pile up. */
const steps = 20;

/**
 * Frees the coupons of orders whose locks are over: at most `batchSize` in one transaction, and a bounded number of
 * those. Answers how many orders it freed.
 */
export async function expireLocks(ctx: Context, batchSize: number): Promise<number> {
  let freed = 0;
  for (let step = 0; step < steps; step++) {
    const over = await ctx.db.all<{ id: number }>(sql`
      SELECT id FROM coupon_order WHERE state = 'LOCKED' AND locked_until <= ${ctx.clock()}
      ORDER BY locked_until LIMIT ${batchSize}`);
    const ids = over.map(({ id }) => id);
    freed += await expire(ctx, ids);
    if (ids.length < batchSize) break;
  }
  return freed;
}

/** The same for the orders whose locks hold some of these coupons, and for the order of this name. */
export async function expireLocksOf(ctx: Context, coupons: readonly number[], orderId: string): Promise<void> {
  const over = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon_order
    WHERE state = 'LOCKED' AND locked_until <= ${ctx.clock()} AND (order_id = ${orderId} OR order_id IN (
      SELECT order_id FROM coupon WHERE id IN (SELECT value FROM ${rows(coupons)}) AND state = 'LOCKED'))`);
  await expire(
    ctx,
    over.map(({ id }) => id),
  );
}

async function expire(ctx: Context, ids: readonly number[]): Promise<number> {
  if (ids.length === 0) return 0;
  const now = ctx.clock();
  const over = sql`id IN (SELECT value FROM ${rows(ids)}) AND state = 'LOCKED' AND locked_until <= ${now}`;
  return freeOrders(ctx, over, sql`state = 'EXPIRED', ended_at = locked_until`);
}
