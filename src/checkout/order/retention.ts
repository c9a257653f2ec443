import { type SQL, sql } from "drizzle-orm";
import type { Context, Retention } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { forgetReasons } from "../../transition/audit.ts";
import { checkoutSettings } from "../settings.ts";

/** How long an order that came to nothing is kept, in milliseconds. */
const keepMs = 30 * 86_400_000;

/** Orders forgotten in one transaction, and transactions in one go. */
const batchSize = 500;
const steps = 20;

/** What orders keep for a time only. */
export const orderKeeps: readonly Retention[] = [
  {
    name: "ordersGivenUp",
    kept: "30 days after they were released or expired",
    forget: (ctx) => forget(ctx, sql`state IN ('RELEASED', 'EXPIRED') AND ended_at < ${ctx.clock() - keepMs}`),
  },
  {
    name: "orders",
    kept: "400 days after they were redeemed, with their refunds and what they earned (ORDER_DAYS)",
    forget: (ctx) => {
      const before = ctx.clock() - checkoutSettings.of(ctx).orderKeepMs;
      return forget(ctx, sql`state IN ('REDEEMED', 'COMPLETED', 'REFUNDED') AND redeemed_at < ${before}`);
    },
  },
];

/** What comes to nothing on a busy day must not pile up. */
async function forget(ctx: Context, where: SQL): Promise<number> {
  let forgotten = 0;
  for (let step = 0; step < steps; step++) {
    const found = await ctx.db.all<{ id: number }>(sql`SELECT id FROM coupon_order WHERE ${where} LIMIT ${batchSize}`);
    if (found.length === 0) break;
    const ids = sql`(SELECT value FROM ${rows(found.map(({ id }) => id))})`;
    const chosen = sql`id IN ${ids} AND ${where}`;
    await ctx.db.write([
      // Nobody could tell any more whom they are about.
      forgetReasons(sql`SELECT 'order/' || id FROM coupon_order WHERE ${chosen}`),
      sql`DELETE FROM coupon_order_refund WHERE coupon_order IN ${ids}`,
      sql`DELETE FROM order_reward WHERE coupon_order IN ${ids}`,
      sql`DELETE FROM coupon_order WHERE ${chosen}`,
    ]);
    forgotten += found.length;
    if (found.length < batchSize) break;
  }
  return forgotten;
}
