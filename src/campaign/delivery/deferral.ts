import { sql } from "drizzle-orm";
import { externalNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { enqueue, noneAhead } from "../../queue/outbox.ts";
import { wakeSends } from "../ledger/wake.ts";
import { campaignWake, channelSend } from "../messages.ts";
import { openBatches } from "../run/batch-window.ts";
import { campaignSettings } from "../settings.ts";
import type { HeldBatch } from "./batch.ts";
import { noteRefusal } from "./refusal.ts";

/**
 * A message may come this much before its time and still find its batch free, in milliseconds: the queue's clock is not
 * ours.
 */
const leaseMarginMs = 1_000;

/**
 * Releases a tried batch for `waitMs`, for its provider put it off with these `words`. Then a new message takes it up
 * unchanged; messages that come before leave it alone. Only the holder of its lease may: answers false to others.
 */
export async function deferBatch(
  ctx: Context,
  { seq, channel, lease }: HeldBatch,
  { words, waitMs }: { readonly words: string; readonly waitMs: number },
): Promise<boolean> {
  const now = ctx.clock();
  const at = now + waitMs;
  const mine = sql`seq = ${seq} AND lease = ${lease} AND state = 'TRIED'`;
  const message = channelSend.of({ batch: seq }, { flow: channel, notBefore: at });
  const [enqueued] = await ctx.db.write([
    enqueue(ctx, [message], sql`EXISTS (SELECT 1 FROM batch WHERE ${mine})`),
    noteRefusal({ words, retryAt: at }, mine, now),
    sql`UPDATE batch SET lease = NULL, lease_until = ${at - Math.min(leaseMarginMs, waitMs / 2)} WHERE ${mine}`,
  ]);
  return enqueued?.rowsAffected === 1;
}

/**
 * Leaves a message for the end of a lease, should its holder die: the queue may have forgotten the holder's own. None
 * while one lies ahead. Trying the message at hand again would use up its tries, and then park a batch that is in good
 * hands.
 */
export async function recheckAt(ctx: Context, batch: Pick<HeldBatch, "seq" | "channel">, until: number): Promise<void> {
  const now = ctx.clock();
  const message = channelSend.of({ batch: batch.seq }, { flow: batch.channel, notBefore: until });
  await ctx.db.write([enqueue(ctx, [message], noneAhead(message.subject, now))]);
}

/** Sends woken in one step: bounds how long its transaction holds the writer. */
const batchSize = 5_000;
/** How long one message works at it, in milliseconds. */
const timeBudgetMs = 10_000;

/**
 * Makes deferred sends of a run whose time has come ready again, and opens batches for them, in steps: a morning wakes
 * a whole country. What is left after a while is left to another message.
 */
export async function wakeDeferred(ctx: Context, { run }: { run: number }): Promise<void> {
  const began = ctx.timers.now();
  let woken = await wakeStep(ctx, run);
  while (woken === batchSize && ctx.timers.now() - began < timeBudgetMs) woken = await wakeStep(ctx, run);
  if (woken === batchSize) await ctx.db.write([enqueue(ctx, [campaignWake.of({ run, at: ctx.clock() })])]);
}

async function wakeStep(ctx: Context, run: number): Promise<number> {
  const wake = wakeSends(run, ctx.clock(), batchSize);
  const opened = externalNames.flatMap((channel) => openBatches(ctx, run, channel, campaignSettings.of(ctx).pageSize));
  const results = await ctx.db.write([...wake, ...opened]);
  return results[wake.length - 1]?.rowsAffected ?? 0;
}
