import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";

const givenUp = "the queue gave it up; see its dead letter";

/**
 * Marks a delivery whose message the queue has given up: nothing looks for it any more until its dead letter is
 * replayed, or it is resent.
 */
export async function parkDelivery(ctx: Context, { delivery }: { delivery: number }): Promise<void> {
  const now = ctx.clock();
  await ctx.db.write([
    sql`
      UPDATE webhook_delivery SET state = 'FAILED', error = ${givenUp}, ended_at = ${now}
      WHERE id = ${delivery} AND state = 'PENDING' AND due_at <= ${now}`,
  ]);
}

/** Takes a delivery up again before its dead message is published anew. */
export async function unparkDelivery(ctx: Context, { delivery }: { delivery: number }): Promise<void> {
  await ctx.db.write([
    sql`
      UPDATE webhook_delivery SET state = 'PENDING', due_at = ${ctx.clock()}, ended_at = NULL
      WHERE id = ${delivery} AND state = 'FAILED' AND error = ${givenUp}`,
  ]);
}
