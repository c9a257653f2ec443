import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { runEnded } from "../events.ts";
import { completeRun } from "./completion.ts";
import { republishRun } from "./republish.ts";

/**
 * Marks work that the queue has given up on: its message is in the dead letters, nothing else of the run waits for it,
 * and the run ends FAILED. Replaying the message takes the work up again.
 */
export async function parkPage(ctx: Context, { run, page }: { run: number; page: number }): Promise<void> {
  await ctx.db.write([
    sql`UPDATE page SET state = 'PARKED' WHERE run = ${run} AND number = ${page} AND state = 'PLANNED'`,
    ...completeRun(run, ctx.clock()),
  ]);
}

/** As {@link parkPage}, for a batch. Its members stay as they are: chosen, perhaps sent. */
export async function parkBatch(ctx: Context, { batch }: { batch: number }): Promise<void> {
  const row = await ctx.db.first<{ run: number }>(sql`SELECT run FROM batch WHERE seq = ${batch}`);
  if (!row) return;
  await ctx.db.write([
    sql`UPDATE batch SET state = 'PARKED' WHERE seq = ${batch} AND state IN ('OPEN', 'FROZEN', 'TRIED')`,
    ...completeRun(row.run, ctx.clock()),
  ]);
}

/** Takes a parked page up again; a run that had failed goes on as its campaign says. */
export function unparkPage(ctx: Context, { run, page }: { run: number; page: number }) {
  return ctx.db.write([
    sql`
      ${goOn} WHERE id = ${run} AND state = 'FAILED'
        AND EXISTS (SELECT 1 FROM page WHERE run = ${run} AND number = ${page} AND state = 'PARKED')`,
    sql`UPDATE page SET state = 'PLANNED' WHERE run = ${run} AND number = ${page} AND state = 'PARKED'`,
  ]);
}

/**
 * As {@link unparkPage}, for a batch: a tried one goes on with its members and payload, any other is chosen afresh. A
 * delivery that still holds it, though its message is dead, has lost it.
 */
export function unparkBatch(ctx: Context, { batch }: { batch: number }) {
  return ctx.db.write([
    sql`
      ${goOn} WHERE state = 'FAILED'
        AND id = (SELECT run FROM batch WHERE seq = ${batch} AND state = 'PARKED')`,
    sql`
      UPDATE batch SET lease = NULL, lease_until = 0,
        state = CASE WHEN first_tried_at IS NOT NULL THEN 'TRIED'
          WHEN frozen_at IS NOT NULL THEN 'FROZEN' ELSE 'OPEN' END
      WHERE seq = ${batch} AND state = 'PARKED'`,
  ]);
}

/**
 * As {@link parkPage}, for a run that cannot be started or planned any further: it ends FAILED where it stands, and
 * what is still in the queue for it is dropped when it is delivered. A step that planning has left behind parks
 * nothing.
 */
export async function parkPlanning(ctx: Context, { run, from = 0 }: { run: number; from?: number }): Promise<void> {
  const now = ctx.clock();
  await ctx.db.write([
    sql`
      UPDATE run SET state = 'FAILED', completed_at = ${now}
      WHERE id = ${run} AND planned = 0 AND planned_to = ${from} AND state IN ('PENDING', 'RUNNING', 'CANCELLING')`,
    runEnded(run, now),
  ]);
}

/** Takes such a run up again: from its start if it never began, else with everything that it had left. */
export async function unparkPlanning(ctx: Context, { run }: { run: number }): Promise<void> {
  const failed = sql`id = ${run} AND planned = 0 AND state = 'FAILED'`;
  await ctx.db.write([
    sql`UPDATE run SET state = 'PENDING', completed_at = NULL WHERE ${failed} AND frozen IS NULL`,
    sql`${goOn} WHERE ${failed}`,
  ]);
  const running = await ctx.db.first(sql`SELECT 1 FROM run WHERE id = ${run} AND state IN ('RUNNING', 'CANCELLING')`);
  if (running) await ctx.db.write(republishRun(ctx, run));
}

/** A run that failed was neither paused nor cancelled with its campaign. */
const goOn = sql`
  UPDATE run SET completed_at = NULL, state = CASE (SELECT state FROM campaign WHERE id = run.campaign)
    WHEN 'CANCELLED' THEN 'CANCELLING' WHEN 'PAUSED' THEN 'PAUSED' ELSE 'RUNNING' END`;
