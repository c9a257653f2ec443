import { startRun } from "../campaign/launch.ts";
import { campaignStart } from "../campaign/messages.ts";
import { defineJob, done } from "./job.ts";

export const campaignStartJob = defineJob(campaignStart, async (ctx, { run }) => {
  await startRun(ctx, { run });
  return done;
});
