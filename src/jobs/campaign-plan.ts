import { campaignPlan } from "../campaign/messages.ts";
import { planStep } from "../campaign/plan.ts";
import { defineJob, done } from "./job.ts";

export const campaignPlanJob = defineJob(campaignPlan, async (ctx, { run, from }) => {
  await planStep(ctx, { run, from });
  return done;
});
