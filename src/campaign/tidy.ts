import { sql } from "drizzle-orm";
import { isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { forgetCounts } from "./caps/caps.ts";
import { messageChannels } from "./ledger/channel.ts";
import { forgetBatches, forgetSends } from "./ledger/retention.ts";
import { openBatches } from "./run/batch-window.ts";
import { completeRun } from "./run/completion.ts";
import { frozenRun } from "./run/frozen.ts";

/** Runs looked at in one go. */
const runLimit = 500;
/** Rows of the ledger, and of what counts against caps, forgotten in one go at most. */
const rowLimit = 10_000;
/** How long finished batches are kept, in milliseconds. */
const batchKeepMs = 3 * 24 * 3_600_000;

/** What campaigns see to now and then: sends that nothing would lead to, and what is kept no longer. */
export async function tidy(ctx: Context): Promise<void> {
  await refillWindows(ctx);
  const now = ctx.clock();
  await ctx.db.write([
    forgetBatches(now - batchKeepMs),
    forgetSends({ endedBefore: now - ctx.settings.ledgerKeepMs, limit: rowLimit }),
    forgetCounts(ctx, rowLimit),
  ]);
}

/**
 * Opens batches for ready sends that no unfinished batch would lead to, and ends runs that only lacked the last word.
 */
async function refillWindows(ctx: Context): Promise<void> {
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
    .flatMap((channel) => openBatches(ctx, run, channel, ctx.settings.pageSize));
  await ctx.db.write([...refill, ...completeRun(run, ctx.clock())]);
}
