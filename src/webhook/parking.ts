import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Setback } from "../queue/setback.ts";

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

/** Why a delivery waits that its endpoint did not take. What that answered is for those who look after endpoints. */
export async function setbackOfDelivery(
  ctx: Context,
  { delivery }: { delivery: number },
): Promise<Setback | undefined> {
  const row = await ctx.db.first<{ times: number; since: number }>(sql`
    SELECT attempts AS times, created_at AS since FROM webhook_delivery
    WHERE id = ${delivery} AND state = 'PENDING' AND error IS NOT NULL`);
  return (
    row && {
      ...row,
      said: "The endpoint did not take it",
      advice:
        "Mend the receiver; `Webhook.deliveries` tells what it answered. It is tried again by itself for a while.",
    }
  );
}
