import { cancelOver } from "../campaign/control/stop.ts";
import { wakeDeferred } from "../campaign/delivery/deferral.ts";
import {
  campaignCancel,
  campaignPage,
  campaignPlan,
  campaignStart,
  campaignTest,
  campaignWake,
  channelSend,
  couponNotice,
} from "../campaign/messages.ts";
import { sendDueNotices } from "../campaign/notice/due.ts";
import { testEnvelope } from "../campaign/rehearsal/test-send.ts";
import { cancelOpen } from "../campaign/run/cancel.ts";
import { writePage, writePageBeyond } from "../campaign/run/page.ts";
import { parkBatch, parkPage, parkPlanning } from "../campaign/run/parking.ts";
import { planStep } from "../campaign/run/plan.ts";
import { startRun } from "../campaign/run/start.ts";
import { isExternal } from "../channels/catalog.ts";
import { defineJob, type Job, type JobContext, type JobResult, reject, retryAfter } from "./job.ts";
import { sendBatch } from "./send-batch.ts";

export const campaignJobs: readonly Job[] = [
  defineJob(campaignStart, start, { park: parkPlanning }),
  defineJob(campaignPlan, planAndWrite, { park: parkPlanning }),
  // Pages of paused runs and replayed pages are done, too.
  defineJob(campaignPage, writePage, { park: parkPage }),
  defineJob(campaignWake, wakeDeferred),
  defineJob(campaignCancel, cancelOpen),
  defineJob(channelSend, sendBatch, { park: parkBatch }),
  defineJob(campaignTest, sendTest),
  defineJob(couponNotice, sendDueNotices),
];

async function start(ctx: JobContext, { run }: { run: number }): Promise<void> {
  if ((await startRun(ctx, { run })) === "NEVER") await cancelOver(ctx, run);
  await planAndWrite(ctx, { run, from: 0 });
}

/** A planning step and the page that it keeps for itself; a repeated delivery finds the one done and does the other. */
async function planAndWrite(ctx: JobContext, step: { run: number; from: number }): Promise<void> {
  if (await planStep(ctx, step)) await writePageBeyond(ctx, step);
}

type Test = ReturnType<typeof campaignTest.schema.parse>;

/**
 * Sends one test. Its id is the provider's idempotency key; where the provider knows none, a redelivery may send it
 * again.
 */
async function sendTest(ctx: JobContext, { id, campaign, member, channel }: Test): Promise<JobResult | undefined> {
  if (!isExternal(channel)) return reject(`${channel} sends nothing out`);
  const envelope = await testEnvelope(ctx, { campaign, member, channel });
  if (!envelope) return undefined;
  const outcome = await ctx.senders[channel].send({ id, envelopes: [envelope] });
  if (outcome.kind !== "retry") return undefined;
  return retryAfter(outcome.afterSeconds ?? 15, `the provider of ${channel} puts it off: ${outcome.reason}`);
}
