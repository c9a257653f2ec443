import { sql } from "drizzle-orm";
import { channelNames, isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../queue/outbox.ts";
import type { HeldBatch } from "./batch.ts";
import { openBatches } from "./batch-window.ts";
import { channelSend } from "./messages.ts";

/** Lets go of a tried batch until `at` (ms), when a new message takes it up unchanged. Only the holder of its lease may. */
export async function deferBatch(ctx: Context, { seq, channel, lease }: HeldBatch, at: number): Promise<void> {
  const mine = sql`seq = ${seq} AND lease = ${lease} AND state = 'TRIED'`;
  const message = channelSend.of({ batch: seq }, { flow: channel, notBefore: at });
  await ctx.db.write([
    enqueue([message], ctx.clock(), sql`EXISTS (SELECT 1 FROM batch WHERE ${mine})`),
    sql`UPDATE batch SET lease = NULL, lease_until = ${at} WHERE ${mine}`,
  ]);
}

/** Makes deferred sends of a run whose time has come ready again, and opens batches for them. */
export async function wakeDeferred(ctx: Context, { run }: { run: number }): Promise<void> {
  const now = ctx.clock();
  const due = sql`run = ${run} AND state = 'PENDING' AND reason <> '' AND due_at <= ${now}`;
  await ctx.db.write([
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, 'PENDING', '', count(*) FROM send WHERE ${due} GROUP BY 2
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, state, reason, -count(*) FROM send WHERE ${due} GROUP BY 2, 4
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    sql`UPDATE send SET reason = '', due_at = NULL WHERE ${due}`,
    ...channelNames.filter(isExternal).flatMap((channel) => openBatches(ctx, run, channel, ctx.settings.pageSize)),
  ]);
}
