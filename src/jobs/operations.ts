import { sweep } from "../operations/messages.ts";
import { recordSweep } from "../operations/queue/sweeps.ts";
import { sweepOnce } from "../operations/sweeper.ts";
import { defineJob, type Job, type JobContext } from "./job.ts";

export const operationsJobs: readonly Job[] = [defineJob(sweep, tidyUp)];

async function tidyUp(ctx: JobContext): Promise<void> {
  await recordSweep(ctx);
  const { reissued } = await sweepOnce(ctx);
  if (reissued > 0) ctx.log("warn", "sweep.reissued", { reissued });
}
