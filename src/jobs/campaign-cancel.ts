import { campaignCancel } from "../campaign/messages.ts";
import { cancelOpen } from "../campaign/run/cancel.ts";
import { defineJob, done } from "./job.ts";

export const campaignCancelJob = defineJob(campaignCancel, async (ctx, { run }) => {
  await cancelOpen(ctx, { run });
  return done;
});
