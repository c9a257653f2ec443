import { sql } from "drizzle-orm";
import { isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { isScheduled } from "../schedule/schedule.ts";
import { messageChannels } from "./ledger/channel.ts";
import { openBatches } from "./run/batch-window.ts";
import { completeRun } from "./run/completion.ts";
import { frozenRun } from "./run/frozen.ts";
import { campaignSettings } from "./settings.ts";

/** Runs looked at in one go. */
const runLimit = 500;
/**
 * What campaigns see to now and then: opens batches for ready sends that no unfinished batch would lead to, and ends
 * runs that only lacked the last word.
 */
export async function tidy(ctx: Context): Promise<void> {
  await ctx.db.write([endRecurring(ctx.clock())]);
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

/** Campaigns whose schedule is over, and of which no run is left, have sent all that they had to. */
function endRecurring(now: number) {
  return sql`
    UPDATE campaign SET state = 'ENDED', updated_at = ${now}
    WHERE state = 'ACTIVE' AND schedule IS NOT NULL AND NOT ${isScheduled("campaign", sql`campaign.id`)}
      AND NOT EXISTS (SELECT 1 FROM run r WHERE r.campaign = campaign.id
        AND r.state IN ('PENDING', 'IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING'))`;
}
