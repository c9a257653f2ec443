import { sql } from "drizzle-orm";
import { isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { messageChannels } from "./ledger/channel.ts";
import { openBatches } from "./run/batch-window.ts";
import { completeRun } from "./run/completion.ts";
import { frozenRun } from "./run/frozen.ts";
import { endRecurring } from "./schedule/end.ts";
import { campaignSettings } from "./settings.ts";

/** Runs looked at in one go. */
const runLimit = 500;
/**
 * What campaigns see to now and then: opens batches for ready sends that no unfinished batch would lead to, and ends
 * runs that only lacked the last word.
 */
export async function tidy(ctx: Context): Promise<void> {
  await endRecurring(ctx);
  const runs = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM run WHERE state IN ('RUNNING', 'CANCELLING') LIMIT ${runLimit}`);
  for (const { id } of runs) {
    // One run that cannot be read must not keep the sweep from the others.
    await refillWindow(ctx, id).catch((error) => ctx.log("error", "sweep.failed", { run: id, error }));
  }
}

async function refillWindow(ctx: Context, run: number): Promise<void> {
  const { channels } = await frozenRun(ctx, run);
  const refill = messageChannels(channels)
    .filter(isExternal)
    .flatMap((channel) => openBatches(ctx, run, channel, campaignSettings.of(ctx).pageSize));
  await ctx.db.write([...refill, ...completeRun(run, ctx.clock())]);
}
