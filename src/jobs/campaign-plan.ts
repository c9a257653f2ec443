import { campaignPlan } from "../campaign/messages.ts";
import { writePageBeyond } from "../campaign/run/page.ts";
import { parkPlanning } from "../campaign/run/parking.ts";
import { planStep } from "../campaign/run/plan.ts";
import { defineJob, done, type JobContext } from "./job.ts";

export const campaignPlanJob = defineJob(
  campaignPlan,
  async (ctx, step) => {
    await planAndWrite(ctx, step);
    return done;
  },
  { park: parkPlanning },
);

/** A planning step and the page that it keeps for itself; a repeated delivery finds the one done and does the other. */
export async function planAndWrite(ctx: JobContext, step: { run: number; from: number }): Promise<void> {
  await planStep(ctx, step);
  await writePageBeyond(ctx, step);
}
