import { sql } from "drizzle-orm";
import { externalNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { enqueueEach } from "../../queue/outbox.ts";
import { campaignPage, campaignPlan, channelSend } from "../messages.ts";
import { campaignSettings } from "../settings.ts";
import { openBatches } from "./batch-window.ts";
import { completeRun } from "./completion.ts";

/** The messages that a running run needs to go on: its next planning step, unwritten pages, unfinished batches. */
export function republishRun(ctx: Context, run: number): Query[] {
  return [
    nextStep(ctx, run),
    unwrittenPages(ctx, run),
    ...externalNames.flatMap((channel) => [
      unfinishedBatches(ctx, run, channel),
      ...openBatches(ctx, run, channel, campaignSettings.of(ctx).batchWindow * 1000),
    ]),
    ...completeRun(run, ctx.clock()),
  ];
}

function nextStep(ctx: Context, run: number): Query {
  const payload = sql`json_object('run', id, 'from', planned_to)`;
  const subject = sql`'plan/' || id || '/' || planned_to`;
  return enqueueEach(ctx, campaignPlan, { payload, subject }, sql`run WHERE id = ${run} AND planned = 0`);
}

function unwrittenPages(ctx: Context, run: number): Query {
  const payload = sql`json_object('run', run, 'page', number)`;
  const subject = sql`'page/' || run || '/' || number`;
  const pages = sql`page WHERE run = ${run} AND state <> 'WRITTEN' AND state = 'PLANNED'`;
  return enqueueEach(ctx, campaignPage, { key: sql`number`, payload, subject, flow: "pages" }, pages);
}

function unfinishedBatches(ctx: Context, run: number, channel: string): Query {
  const payload = sql`json_object('batch', seq)`;
  const subject = sql`'batch/' || seq`;
  const batches = sql`batch WHERE run = ${run} AND channel = ${channel}
    AND state <> 'DONE' AND state IN ('OPEN', 'FROZEN', 'TRIED')`;
  return enqueueEach(ctx, channelSend, { key: sql`seq`, payload, subject, flow: channel }, batches);
}
