import { fireDue, fireQueued } from "../schedule/fire.ts";
import { scheduleSweep, scheduleWake } from "../schedule/messages.ts";
import { planAhead, wakeAgain } from "../schedule/plan-ahead.ts";
import { defineJob, type Job, type JobContext } from "./job.ts";

export const scheduleJobs: readonly Job[] = [defineJob(scheduleWake, wake), defineJob(scheduleSweep, sweep)];

/** A queue whose clock is before ours comes too early: it is asked again. */
async function wake(ctx: JobContext, { at }: { at: number }): Promise<void> {
  if (at > ctx.clock()) return wakeAgain(ctx, at);
  await fireDue(ctx);
}

async function sweep(ctx: JobContext): Promise<void> {
  await planAhead(ctx);
  await fireDue(ctx);
  await fireQueued(ctx);
}
