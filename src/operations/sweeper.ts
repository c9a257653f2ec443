import { sql } from "drizzle-orm";
import { forgetPressure } from "../campaign/caps/caps.ts";
import { armingHorizonMs } from "../campaign/control/launch.ts";
import { messageChannels } from "../campaign/ledger/channel.ts";
import {
  campaignCancel,
  campaignPage,
  campaignPlan,
  campaignStart,
  campaignWake,
  channelSend,
} from "../campaign/messages.ts";
import { openBatches } from "../campaign/run/batch-window.ts";
import { completeRun } from "../campaign/run/completion.ts";
import { frozenRun } from "../campaign/run/frozen.ts";
import { isExternal } from "../channels/catalog.ts";
import { expireLocks } from "../checkout/order/unlock.ts";
import type { Context } from "../context.ts";
import { openPools } from "../coupon/code/pool-fill.ts";
import { endTemplates } from "../coupon/template/sweep.ts";
import { openTakeBacks } from "../coupon/template/take-back.ts";
import type { Query } from "../db/statement.ts";
import { forgetEvents } from "../queue/event/event.ts";
import type { Message } from "../queue/message.ts";
import { enqueue } from "../queue/outbox.ts";
import { forgetDeliveries } from "../webhook/delivery.ts";
import { flowOf, webhookSend } from "../webhook/messages.ts";
import { announceAgain } from "./event-sweep.ts";
import { graceMs, isLost, newestRow } from "./lost-message.ts";

/** Pieces of work looked at in one sweep. */
const stride = 500;
/** And attempts to tell an endpoint: a slow one may have many in the queue, and the oldest are the first to be missed. */
const webhookStride = 100;
/** Rows of the ledger, and of what counts against caps, forgotten in one sweep at most. */
const ledgerStride = 10_000;
/** How long published outbox rows and answers to repeated requests are kept, in milliseconds. */
const keepMs = 3 * 24 * 3_600_000;

/**
 * Finds work that nothing would ever take up again – its message was lost, or its time has come – and publishes a message for it. What
 * the queue still knows, what waits in the outbox and what is parked is left alone, so sweeping never multiplies.
 */
export async function sweepOnce(ctx: Context): Promise<{ readonly reissued: number }> {
  const lost: Lost[] = [];
  for (const message of await stalled(ctx)) {
    const newest = await newestRow(ctx, [message.subject]);
    if (await isLost(ctx, newest)) lost.push({ message, after: newest?.seq ?? 0 });
  }
  const reissued = (await reissue(ctx, lost)) + (await announceAgain(ctx));
  await refillWindows(ctx);
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

/** Work that was finished while the queue was asked is left alone, and so is what another sweep has seen to meanwhile. */
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

/** The message that each unfinished piece of work needs, oldest runs first. */
async function stalled(ctx: Context): Promise<Message[]> {
  const now = ctx.clock();
  const live = sql`r.state IN ('RUNNING', 'CANCELLING') AND r.started_at < ${now - graceMs}`;
  const [due, plans, pages, batches, cancels, deferred, webhooks] = await Promise.all([
    ctx.db.all<{ id: number; due_at: number }>(sql`
      SELECT r.id, r.due_at FROM run r JOIN campaign c ON c.id = r.campaign AND c.state = 'ACTIVE'
      WHERE r.state = 'PENDING' AND r.due_at < ${now + armingHorizonMs} LIMIT ${stride}`),
    ctx.db.all<{ id: number; planned_to: number }>(sql`
      SELECT r.id, r.planned_to FROM run r WHERE ${live} AND r.planned = 0 LIMIT ${stride}`),
    ctx.db.all<{ run: number; number: number }>(sql`
      SELECT p.run, p.number FROM run r JOIN page p ON p.run = r.id AND p.state <> 'WRITTEN' AND p.state = 'PLANNED' WHERE ${live} LIMIT ${stride}`),
    ctx.db.all<{ seq: number; channel: string }>(sql`
      SELECT b.seq, b.channel FROM run r JOIN batch b ON b.run = r.id AND b.state <> 'DONE' AND b.state IN ('OPEN', 'FROZEN', 'TRIED')
      WHERE ${live} AND b.lease_until < ${now} AND b.created_at < ${now - graceMs} LIMIT ${stride}`),
    ctx.db.all<{ id: number }>(sql`SELECT r.id FROM run r WHERE ${live} AND r.state = 'CANCELLING' LIMIT ${stride}`),
    ctx.db.all<{ run: number; at: number }>(sql`
      SELECT run, at FROM (
        SELECT r.id AS run, (SELECT max(s.due_at) FROM send s INDEXED BY send_deferred
          WHERE s.run = r.id AND s.state = 'PENDING' AND s.reason <> '' AND s.due_at < ${now - graceMs}) AS at
        FROM run r WHERE ${live}) WHERE at IS NOT NULL LIMIT ${stride}`),
    ctx.db.all<{ id: number; webhook: number }>(sql`
      SELECT id, webhook FROM webhook_delivery WHERE state = 'PENDING' AND due_at < ${now - graceMs} ORDER BY due_at LIMIT ${webhookStride}`),
  ]);
  return [
    ...due.map(({ id, due_at }) => campaignStart.of({ run: id }, { notBefore: due_at })),
    ...plans.map(({ id, planned_to }) => campaignPlan.of({ run: id, from: planned_to })),
    ...pages.map(({ run, number }) => campaignPage.of({ run, page: number }, { flow: "pages" })),
    ...batches.map(({ seq, channel }) => channelSend.of({ batch: seq }, { flow: channel })),
    ...cancels.map(({ id }) => campaignCancel.of({ run: id })),
    ...deferred.map(({ run, at }) => campaignWake.of({ run, at })),
    ...webhooks.map(({ id, webhook }) => webhookSend.of({ delivery: id }, { flow: flowOf(webhook) })),
    ...(await openTakeBacks(ctx, now - graceMs)),
    ...(await openPools(ctx, now - graceMs)),
  ];
}

/** Opens batches for ready sends that no unfinished batch would lead to, and ends runs that only lacked the last word. */
async function refillWindows(ctx: Context): Promise<void> {
  const runs = await ctx.db.all<{ id: number }>(
    sql`SELECT id FROM run WHERE state IN ('RUNNING', 'CANCELLING') LIMIT ${stride}`,
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

async function forgetOld(ctx: Context): Promise<void> {
  const before = ctx.clock() - keepMs;
  await ctx.db.write([
    sql`DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE published_at < ${before} LIMIT 10000)`,
    sql`DELETE FROM idempotency WHERE at < ${before}`,
    sql`DELETE FROM batch WHERE state = 'DONE' AND created_at < ${before}`,
    ...forgetLedgers(ctx),
    ...forgetEvents(ctx.clock()),
    forgetDeliveries(ctx.clock()),
    forgetPressure(ctx, ledgerStride),
  ]);
}

/** The ledger of long finished runs, a stretch at a time, with the oldest run first; its sums stay in the tally. */
function forgetLedgers(ctx: Context): Query[] {
  const before = ctx.clock() - ctx.settings.ledgerKeepMs;
  const oldest = sql`(
    SELECT id FROM run WHERE completed_at < ${before} AND EXISTS (SELECT 1 FROM send s WHERE s.run = run.id) ORDER BY id LIMIT 1)`;
  const rowsOf = sql`run = ${oldest} AND channel = (SELECT channel FROM send WHERE run = ${oldest} ORDER BY channel LIMIT 1)`;
  return [
    sql`DELETE FROM send WHERE ${rowsOf} AND member IN (SELECT member FROM send WHERE ${rowsOf} ORDER BY member LIMIT ${ledgerStride})`,
  ];
}
