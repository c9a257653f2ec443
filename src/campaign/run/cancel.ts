import { type SQL, sql } from "drizzle-orm";
import { externalNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { enqueue, noneAhead } from "../../queue/outbox.ts";
import { moveSends } from "../ledger/move-sends.ts";
import { campaignCancel } from "../messages.ts";
import { completeRun } from "./completion.ts";

/** Sends of a channel cancelled in one step: bounds how long its transaction holds the writer. */
const batchSize = 5_000;
/** How long one message works at it, and the pause before it looks again at batches that are still held, in ms. */
const timeBudgetMs = 10_000;
const recheckMs = 1_000;

/**
 * Cancels what is open of a run, in steps, until nothing is: marks open sends CANCELLED, ends batches that never began,
 * and gives back the members of batches that were frozen and not tried. A batch that was tried may have been sent:
 * those who hold it record its results; if they died, its members end UNKNOWN. What is left after a while, or still
 * held, is left to one message for later, however many deliveries of this one there are.
 */
export async function cancelOpen(ctx: Context, { run }: { run: number }): Promise<void> {
  const began = ctx.timers.now();
  let open = await cancelStep(ctx, run);
  while (open?.pending && ctx.timers.now() - began < timeBudgetMs) open = await cancelStep(ctx, run);
  if (!open?.pending && !open?.held) return;
  const now = ctx.clock();
  const message = campaignCancel.of({ run }, { notBefore: now + recheckMs });
  await ctx.db.write([enqueue(ctx, [message], noneAhead(message.subject, now))]);
}

interface Open {
  readonly pending: number;
  readonly held: number;
}

async function cancelStep(ctx: Context, run: number): Promise<Open | undefined> {
  const now = ctx.clock();
  const cancelling = sql`EXISTS (SELECT 1 FROM run WHERE id = ${run} AND state = 'CANCELLING')`;
  const unfinished = sql`run = ${run} AND state <> 'DONE'`;
  const untried = sql`
    SELECT seq FROM batch WHERE ${unfinished} AND state IN ('FROZEN', 'PARKED') AND first_tried_at IS NULL
      AND (lease_until <= ${now} OR state = 'PARKED') AND ${cancelling}`;
  const lost = sql`
    SELECT seq FROM batch WHERE ${unfinished} AND state IN ('TRIED', 'PARKED') AND first_tried_at IS NOT NULL
      AND (lease_until <= ${now} OR lease IS NULL OR state = 'PARKED') AND ${cancelling}`;
  const sending = (batches: SQL) => sql`batch IN (${batches}) AND state = 'SENDING'`;
  await ctx.db.write([
    ...moveSends({ where: sending(untried), to: "PENDING", now }),
    ...moveSends({ where: sending(lost), to: "UNKNOWN", reason: "CANCELLED_WHILE_SENDING", now }),
    sql`
      UPDATE batch SET state = 'DONE', payload = NULL, lease = NULL
      WHERE seq IN (${untried}) OR seq IN (${lost}) OR (${unfinished} AND state = 'OPEN' AND ${cancelling})`,
    ...externalNames.flatMap((channel) =>
      moveSends({ where: sql`${nextOpen(run, channel)} AND ${cancelling}`, to: "CANCELLED", now }),
    ),
    ...completeRun(run, now),
  ]);
  return ctx.db.first<Open>(sql`
    SELECT EXISTS (SELECT 1 FROM tally WHERE run = ${run} AND state = 'PENDING' AND n > 0) AS pending,
      EXISTS (SELECT 1 FROM batch WHERE ${unfinished}) AS held
    FROM run WHERE id = ${run} AND state = 'CANCELLING'`);
}

/**
 * The next open sends of a channel, found by the indexes of what is ready and of what is deferred, and looked up in the
 * ledger's key. (SQLite would walk the whole run for a row-value IN, at every step.)
 */
function nextOpen(run: number, channel: string): SQL {
  const open = sql`run = ${run} AND channel = ${channel} AND state = 'PENDING'`;
  return sql`${open} AND member IN (
    SELECT member FROM (
      SELECT member FROM send INDEXED BY send_ready WHERE ${open} AND reason = '' ORDER BY member LIMIT ${batchSize})
    UNION ALL SELECT member FROM (
      SELECT member FROM send INDEXED BY send_deferred
      WHERE ${open} AND reason <> '' ORDER BY due_at, member LIMIT ${batchSize}))`;
}
