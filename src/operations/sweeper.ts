import { sql } from "drizzle-orm";
import { stalled as stalledCampaigns } from "../campaign/stalled.ts";
import { tidy as tidyCampaigns } from "../campaign/tidy.ts";
import { expireLocks } from "../checkout/order/unlock.ts";
import type { Context } from "../context.ts";
import { openPools } from "../coupon/code/pool-fill.ts";
import { endTemplates } from "../coupon/template/sweep.ts";
import { openTakeBacks } from "../coupon/template/take-back.ts";
import { forgetEvents } from "../queue/event/event.ts";
import type { Message } from "../queue/message.ts";
import { enqueue } from "../queue/outbox.ts";
import { forgetDeliveries } from "../webhook/delivery.ts";
import { flowOf, webhookSend } from "../webhook/messages.ts";
import { announceAgain } from "./event-sweep.ts";
import { graceMs, isLost, newestRow } from "./lost-message.ts";

/** Pieces of work looked at in one sweep. */
const stride = 500;
/**
 * And attempts to tell an endpoint: a slow one may have many in the queue, and the oldest are the first to be missed.
 */
const webhookStride = 100;
/** How long published outbox rows and answers to repeated requests are kept, in milliseconds. */
const keepMs = 3 * 24 * 3_600_000;

/**
 * Finds work that nothing would ever take up again – its message was lost, or its time has come – and publishes a
 * message for it. What the queue still knows, what waits in the outbox and what is parked is left alone, so sweeping
 * never multiplies.
 */
export async function sweepOnce(ctx: Context): Promise<{ readonly reissued: number }> {
  const lost: Lost[] = [];
  for (const message of await stalled(ctx)) {
    const newest = await newestRow(ctx, [message.subject]);
    if (await isLost(ctx, newest)) lost.push({ message, after: newest?.seq ?? 0 });
  }
  const reissued = (await reissue(ctx, lost)) + (await announceAgain(ctx));
  await tidyCampaigns(ctx);
  await endTemplates(ctx);
  await expireLocks(ctx, stride);
  await forgetOld(ctx);
  return { reissued };
}

/** A message that is needed, and the last one of its subject, which is lost. */
interface Lost {
  readonly message: Message;
  readonly after: number;
}

/**
 * Work that was finished while the queue was asked is left alone, and so is what another sweep has seen to meanwhile.
 */
async function reissue(ctx: Context, lost: readonly Lost[]): Promise<number> {
  if (lost.length === 0) return 0;
  const now = ctx.clock();
  const needed = new Set((await stalled(ctx)).map(({ subject }) => subject));
  const results = await ctx.db.write(
    lost
      .filter(({ message }) => needed.has(message.subject))
      .map(({ message, after }) =>
        enqueue(
          [message],
          now,
          sql`coalesce((SELECT max(seq) FROM outbox WHERE subject = ${message.subject}), 0) = ${after}`,
        ),
      ),
  );
  return results.reduce((sum, { rowsAffected }) => sum + rowsAffected, 0);
}

/** The message that each unfinished piece of work needs. */
async function stalled(ctx: Context): Promise<Message[]> {
  const before = ctx.clock() - graceMs;
  const webhooks = await ctx.db.all<{ id: number; webhook: number }>(sql`
    SELECT id, webhook FROM webhook_delivery WHERE state = 'PENDING' AND due_at < ${before}
    ORDER BY due_at LIMIT ${webhookStride}`);
  return [
    ...(await stalledCampaigns(ctx, { before, limit: stride })),
    ...webhooks.map(({ id, webhook }) => webhookSend.of({ delivery: id }, { flow: flowOf(webhook) })),
    ...(await openTakeBacks(ctx, before)),
    ...(await openPools(ctx, before)),
  ];
}

async function forgetOld(ctx: Context): Promise<void> {
  const before = ctx.clock() - keepMs;
  await ctx.db.write([
    sql`DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE published_at < ${before} LIMIT 10000)`,
    sql`DELETE FROM idempotency WHERE at < ${before}`,
    ...forgetEvents(ctx.clock()),
    forgetDeliveries(ctx.clock()),
  ]);
}
