import { fireDue, fireQueued } from "../schedule/fire.ts";
import { scheduleSweep, scheduleWake } from "../schedule/messages.ts";
import { planAhead, wakeAgain } from "../schedule/plan-ahead.ts";
import { defineJob, type Job, type JobContext } from "./job.ts";

export const scheduleJobs: readonly Job[] = [defineJob(scheduleWake, wake), defineJob(scheduleSweep, sweep)];

/** So long (ms) a wake that comes early waits by itself; the queue counts in whole seconds. */
const ownWaitMs = 1_000;

/** A queue whose clock is before ours comes too early: it is asked again. */
async function wake(ctx: JobContext, { at }: { at: number }): Promise<void> {
  const early = at - ctx.clock();
  if (early > ownWaitMs) return wakeAgain(ctx, at);
  if (early > 0) await ctx.timers.sleep(early);
  await fireDue(ctx);
}

async function sweep(ctx: JobContext): Promise<void> {
  await planAhead(ctx);
  await fireQueued(ctx);
  await fireDue(ctx);
}
