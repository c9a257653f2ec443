import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { forgetPushTokens } from "../../member/push-token.ts";
import { enqueue } from "../../queue/outbox.ts";
import { recordOutcomes, type SendOutcome } from "../ledger/outcome.ts";
import { markProven } from "../ledger/progress.ts";
import { campaignWake } from "../messages.ts";
import { batchLimit, openBatches } from "../run/batch-window.ts";
import { completeRun } from "../run/completion.ts";
import type { HeldBatch } from "./batch.ts";
import { type Refusal, settleRefusals } from "./refusal.ts";

/** What became of one member of a batch, with the push tokens that the provider no longer knows. */
export interface BatchOutcome extends SendOutcome {
  readonly goneTokens?: readonly string[];
  /** What the provider said that put it off. */
  readonly words?: string;
}

/**
 * Records a batch's outcomes as the holder of its lease, ends the batch and opens its successors. Without the lease it
 * changes nothing and answers false: someone else has taken over.
 */
export async function endBatch(ctx: Context, batch: HeldBatch, outcomes: readonly BatchOutcome[]): Promise<boolean> {
  const now = ctx.clock();
  const { seq, run, channel, lease } = batch;
  const held = sql`seq = ${seq} AND lease = ${lease} AND state IN ('FROZEN', 'TRIED')`;
  const ended = sql`EXISTS (SELECT 1 FROM batch WHERE seq = ${seq} AND lease = ${lease} AND state = 'DONE')`;
  const goneTokens = outcomes.flatMap((each) => each.goneTokens ?? []);
  const recorded = recordOutcomes(batch, outcomes, sql`EXISTS (SELECT 1 FROM batch WHERE ${held})`, now);
  const results = await ctx.db.write([
    ...recorded,
    sql`UPDATE batch SET state = 'DONE', payload = NULL WHERE ${held}`,
    ...forgetPushTokens(channel, goneTokens, ended),
    ...provenOf(batch, outcomes, now),
    ...wakeFor(ctx, run, outcomes, ended),
    ...settleRefusals(batch, refusalIn(outcomes), ended, now),
    ...openBatches(ctx, run, channel, 2 * batchLimit(ctx, channel)),
    ...completeRun(run, now),
  ]);
  return results[recorded.length]?.rowsAffected === 1;
}

/** What the provider said of those that it put off, and when the last of them are tried again. */
function refusalIn(outcomes: readonly BatchOutcome[]): Refusal | undefined {
  const off = outcomes.filter(({ words }) => words !== undefined);
  const [{ words = "" } = {}] = off;
  return off.length === 0 ? undefined : { words, retryAt: Math.max(...off.map(({ dueAt }) => dueAt ?? 0)) };
}

/** Of sends that nobody answered for, those whose provider has told of them meanwhile were accepted. */
function provenOf({ seq, run }: HeldBatch, outcomes: readonly SendOutcome[], now: number): Query[] {
  const anyUnknown = outcomes.some(({ state }) => state === "UNKNOWN");
  return anyUnknown ? markProven(run, sql`batch = ${seq} AND progress > 0`, now) : [];
}

/** One message for the time at which the last of the deferred sends is due again. */
function wakeFor(ctx: Context, run: number, outcomes: readonly SendOutcome[], ended: SQL): Query[] {
  const due = outcomes.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]));
  const at = Math.max(...due);
  return due.length === 0 ? [] : [enqueue(ctx, [campaignWake.of({ run, at }, { notBefore: at })], ended)];
}
