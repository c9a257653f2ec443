import { sql } from "drizzle-orm";
import { isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import type { Message } from "../queue/message.ts";
import { forgetPressure } from "./caps/caps.ts";
import { openBatches } from "./delivery/batch-window.ts";
import { messageChannels } from "./ledger/channel.ts";
import { campaignCancel, campaignPage, campaignPlan, campaignStart, campaignWake, channelSend } from "./messages.ts";
import { completeRun } from "./run/completion.ts";
import { armingHorizonMs } from "./run/launch.ts";
import { frozenRun } from "./run/run.ts";

/** Pieces of work looked at in one sweep. */
const batchSize = 500;
/** Rows of the ledger, and of what counts against caps, forgotten in one sweep at most. */
const ledgerBatchSize = 10_000;
/** How long batches that are done are kept, in milliseconds. */
const keepMs = 3 * 24 * 3_600_000;

/** The message that each unfinished piece of a run needs, oldest runs first, where nothing happened since `before` (ms). */
export async function stalled(ctx: Context, before: number): Promise<Message[]> {
  const now = ctx.clock();
  const live = sql`r.state IN ('RUNNING', 'CANCELLING') AND r.started_at < ${before}`;
  const [due, plans, pages, batches, cancels, deferred] = await Promise.all([
    ctx.db.all<{ id: number; due_at: number }>(sql`
      SELECT r.id, r.due_at FROM run r JOIN campaign c ON c.id = r.campaign AND c.state = 'ACTIVE'
      WHERE r.state = 'PENDING' AND r.due_at < ${now + armingHorizonMs} LIMIT ${batchSize}`),
    ctx.db.all<{ id: number; planned_to: number }>(sql`
      SELECT r.id, r.planned_to FROM run r WHERE ${live} AND r.planned = 0 LIMIT ${batchSize}`),
    ctx.db.all<{ run: number; number: number }>(sql`
      SELECT p.run, p.number FROM run r JOIN page p ON p.run = r.id AND p.state <> 'WRITTEN' AND p.state = 'PLANNED' WHERE ${live} LIMIT ${batchSize}`),
    ctx.db.all<{ seq: number; channel: string }>(sql`
      SELECT b.seq, b.channel FROM run r JOIN batch b ON b.run = r.id AND b.state <> 'DONE' AND b.state IN ('OPEN', 'FROZEN', 'TRIED')
      WHERE ${live} AND b.lease_until < ${now} AND b.created_at < ${before} LIMIT ${batchSize}`),
    ctx.db.all<{ id: number }>(sql`SELECT r.id FROM run r WHERE ${live} AND r.state = 'CANCELLING' LIMIT ${batchSize}`),
    ctx.db.all<{ run: number; at: number }>(sql`
      SELECT run, at FROM (
        SELECT r.id AS run, (SELECT max(s.due_at) FROM send s INDEXED BY send_deferred
          WHERE s.run = r.id AND s.state = 'PENDING' AND s.reason <> '' AND s.due_at < ${before}) AS at
        FROM run r WHERE ${live}) WHERE at IS NOT NULL LIMIT ${batchSize}`),
  ]);
  return [
    ...due.map(({ id, due_at }) => campaignStart.of({ run: id }, { notBefore: due_at })),
    ...plans.map(({ id, planned_to }) => campaignPlan.of({ run: id, from: planned_to })),
    ...pages.map(({ run, number }) => campaignPage.of({ run, page: number }, { flow: "pages" })),
    ...batches.map(({ seq, channel }) => channelSend.of({ batch: seq }, { flow: channel })),
    ...cancels.map(({ id }) => campaignCancel.of({ run: id })),
    ...deferred.map(({ run, at }) => campaignWake.of({ run, at })),
  ];
}

/** Ends what only lacked the last word, and forgets what is old. */
export async function tidy(ctx: Context): Promise<void> {
  await refillWindows(ctx);
  await ctx.db.write([
    sql`DELETE FROM batch WHERE state = 'DONE' AND created_at < ${ctx.clock() - keepMs}`,
    ...forgetLedgers(ctx),
    forgetPressure(ctx, ledgerBatchSize),
  ]);
}

/** Opens batches for ready sends that no unfinished batch would lead to, and ends runs that only lacked the last word. */
async function refillWindows(ctx: Context): Promise<void> {
  const runs = await ctx.db.all<{ id: number }>(
    sql`SELECT id FROM run WHERE state IN ('RUNNING', 'CANCELLING') LIMIT ${batchSize}`,
  );
  for (const { id } of runs) {
    // One run that cannot be read must not keep the sweep from the others.
    await refillWindow(ctx, id).catch((error) => ctx.log("error", "sweep.failed", { run: id, error }));
  }
}

async function refillWindow(ctx: Context, run: number): Promise<void> {
  const { channels } = await frozenRun(ctx, run);
  const refill = messageChannels(channels)
    .filter(isExternal)
    .flatMap((channel) => openBatches(ctx, run, channel, ctx.settings.pageSize));
  await ctx.db.write([...refill, ...completeRun(run, ctx.clock())]);
}

/** The ledger of long finished runs, a stretch at a time, with the oldest run first; its sums stay in the tally. */
function forgetLedgers(ctx: Context): Query[] {
  const before = ctx.clock() - ctx.settings.ledgerKeepMs;
  const oldest = sql`(
    SELECT id FROM run WHERE completed_at < ${before} AND EXISTS (SELECT 1 FROM send s WHERE s.run = run.id) ORDER BY id LIMIT 1)`;
  const rowsOf = sql`run = ${oldest} AND channel = (SELECT channel FROM send WHERE run = ${oldest} ORDER BY channel LIMIT 1)`;
  return [
    sql`DELETE FROM send WHERE ${rowsOf} AND member IN (SELECT member FROM send WHERE ${rowsOf} ORDER BY member LIMIT ${ledgerBatchSize})`,
  ];
}
