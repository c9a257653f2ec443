import { type SQL, sql } from "drizzle-orm";
import { externalNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { enqueueEach } from "../../queue/outbox.ts";
import { campaignPage, campaignPlan, channelSend } from "../messages.ts";
import { openBatches } from "./batch-window.ts";
import { completeRun } from "./completion.ts";

/** The messages that a running run needs to go on: its next planning step, unwritten pages, unfinished batches. */
export function republishRun(ctx: Context, run: number): Query[] {
  const now = ctx.clock();
  return [
    nextStep(run, now),
    unwrittenPages(run, now),
    ...externalNames.flatMap((channel) => [
      unfinishedBatches(run, channel, now),
      ...openBatches(ctx, run, channel, ctx.settings.batchWindow * 1000),
    ]),
    ...completeRun(run, now),
  ];
}

const id: SQL = sql`lower(hex(randomblob(16)))`;

function nextStep(run: number, now: number): Query {
  const payload = sql`json_object('run', id, 'from', planned_to)`;
  const subject = sql`'plan/' || id || '/' || planned_to`;
  return enqueueEach(campaignPlan, { id, payload, subject }, sql`run WHERE id = ${run} AND planned = 0`, now);
}

function unwrittenPages(run: number, now: number): Query {
  const payload = sql`json_object('run', run, 'page', number)`;
  const subject = sql`'page/' || run || '/' || number`;
  const pages = sql`page WHERE run = ${run} AND state <> 'WRITTEN' AND state = 'PLANNED'`;
  return enqueueEach(campaignPage, { id, payload, subject, flow: "pages" }, pages, now);
}

function unfinishedBatches(run: number, channel: string, now: number): Query {
  const payload = sql`json_object('batch', seq)`;
  const subject = sql`'batch/' || seq`;
  const batches = sql`batch WHERE run = ${run} AND channel = ${channel}
    AND state <> 'DONE' AND state IN ('OPEN', 'FROZEN', 'TRIED')`;
  return enqueueEach(channelSend, { id, payload, subject, flow: channel }, batches, now);
}
