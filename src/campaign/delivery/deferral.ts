import { sql } from "drizzle-orm";
import { channelNames, isExternal } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { enqueue, noneAhead } from "../../queue/outbox.ts";
import { campaignWake, channelSend } from "../messages.ts";
import { openBatches } from "../run/batch-window.ts";
import type { HeldBatch } from "./batch.ts";

/** A message may come this much before its time and still find its batch free, in milliseconds: the queue's clock is not ours. */
const slackMs = 1_000;

/**
 * Lets go of a tried batch for `waitMs`, after which a new message takes it up unchanged; messages that come before leave it alone.
 * Only the holder of its lease may: answers false to others.
 */
export async function deferBatch(ctx: Context, { seq, channel, lease }: HeldBatch, waitMs: number): Promise<boolean> {
  const now = ctx.clock();
  const at = now + waitMs;
  const mine = sql`seq = ${seq} AND lease = ${lease} AND state = 'TRIED'`;
  const message = channelSend.of({ batch: seq }, { flow: channel, notBefore: at });
  const [enqueued] = await ctx.db.write([
    enqueue([message], now, sql`EXISTS (SELECT 1 FROM batch WHERE ${mine})`),
    sql`UPDATE batch SET lease = NULL, lease_until = ${at - Math.min(slackMs, waitMs / 2)} WHERE ${mine}`,
  ]);
  return enqueued?.rowsAffected === 1;
}

/**
 * Leaves a message for the end of a lease, should its holder die: the queue may have forgotten the holder's own. None while one lies ahead.
 * Trying the message at hand again would use up its tries, and then park a batch that is in good hands.
 */
export async function comeAgain(ctx: Context, batch: Pick<HeldBatch, "seq" | "channel">, until: number): Promise<void> {
  const now = ctx.clock();
  const message = channelSend.of({ batch: batch.seq }, { flow: batch.channel, notBefore: until });
  await ctx.db.write([enqueue([message], now, noneAhead(message.subject, now))]);
}

/** Sends woken in one step: bounds how long its transaction holds the writer. */
const stride = 5_000;
/** How long one message works at it, in milliseconds. */
const spellMs = 10_000;

/**
 * Makes deferred sends of a run whose time has come ready again, and opens batches for them, in steps: a morning wakes a whole country. What is
 * left after a while is left to another message.
 */
export async function wakeDeferred(ctx: Context, { run }: { run: number }): Promise<void> {
  const began = performance.now();
  let woken = await wakeStep(ctx, run);
  while (woken === stride && performance.now() - began < spellMs) woken = await wakeStep(ctx, run);
  const now = ctx.clock();
  if (woken === stride) await ctx.db.write([enqueue([campaignWake.of({ run, at: now })], now)]);
}

async function wakeStep(ctx: Context, run: number): Promise<number> {
  // The rows are read off the index: by `(run, channel, member) IN (…)` SQLite would walk the whole run for each step.
  const due = sql`(
    SELECT run, channel, member, state, reason, at FROM send INDEXED BY send_deferred
    WHERE state = 'PENDING' AND reason <> '' AND run = ${run} AND due_at <= ${ctx.clock()} LIMIT ${stride}) WHERE 1`;
  const opened = channelNames
    .filter(isExternal)
    .flatMap((channel) => openBatches(ctx, run, channel, ctx.settings.pageSize));
  const answers = await ctx.db.write([
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, state, reason, -count(*) FROM ${due} GROUP BY 1, 2, 3, 4
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, state, '', count(*) FROM ${due} GROUP BY 1, 2, 3
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    sql`
      INSERT INTO send (run, channel, member, state, at) SELECT run, channel, member, state, at FROM ${due}
      ON CONFLICT DO UPDATE SET reason = '', due_at = NULL`,
    ...opened,
  ]);
  return answers[2]?.rowsAffected ?? 0;
}
