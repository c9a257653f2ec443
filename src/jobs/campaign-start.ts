import { campaignStart } from "../campaign/messages.ts";
import { parkPlanning } from "../campaign/run/parking.ts";
import { startRun } from "../campaign/run/start.ts";
import { planAndWrite } from "./campaign-plan.ts";
import { defineJob, done } from "./job.ts";

export const campaignStartJob = defineJob(
  campaignStart,
  async (ctx, { run }) => {
    await startRun(ctx, { run });
    await planAndWrite(ctx, { run, from: 0 });
    return done;
  },
  { park: parkPlanning },
);
