import { wakeDeferred } from "../campaign/delivery/deferral.ts";
import { campaignWake } from "../campaign/messages.ts";
import { defineJob, done } from "./job.ts";

export const campaignWakeJob = defineJob(campaignWake, async (ctx, { run }) => {
  await wakeDeferred(ctx, { run });
  return done;
});
