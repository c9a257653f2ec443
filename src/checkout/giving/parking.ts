import { sql } from "drizzle-orm";
import type { Context, OpenSubjects } from "../../context.ts";
import type { Message } from "../../queue/message.ts";
import { orderReward } from "../messages.ts";

/** Orders looked at in one sweep. */
const batchSize = 100;

/** The message that each order needs for whose rewards there was something to do before a moment (ms). */
export async function stalledRewards(ctx: Context, before: number): Promise<Message[]> {
  const due = await ctx.db.all<{ order: number }>(sql`
    SELECT coupon_order AS "order" FROM order_reward WHERE due_at < ${before} AND parked_at IS NULL
    ORDER BY due_at LIMIT ${batchSize}`);
  return [...new Set(due.map(({ order }) => order))].map((order) => orderReward.of({ order }));
}

/** What the work is known by that an order waits for. */
export async function openWorkOfOrder(ctx: Context, order: number): Promise<OpenSubjects> {
  const open = await ctx.db.first(sql`
    SELECT 1 FROM order_reward WHERE coupon_order = ${order} AND due_at IS NOT NULL LIMIT 1`);
  return { unfinished: open ? [orderReward.of({ order }).subject] : [], steps: [] };
}

/** Marks the rewards of an order whose message the queue has given up: nothing looks for them until it is replayed. */
export async function parkRewards(ctx: Context, { order }: { readonly order: number }): Promise<void> {
  const now = ctx.clock();
  await ctx.db.write([
    sql`UPDATE order_reward SET parked_at = ${now} WHERE coupon_order = ${order} AND due_at <= ${now}`,
  ]);
}

/** Takes them up again before its dead message is published anew. */
export async function unparkRewards(ctx: Context, { order }: { readonly order: number }): Promise<void> {
  await ctx.db.write([sql`UPDATE order_reward SET parked_at = NULL WHERE coupon_order = ${order}`]);
}
