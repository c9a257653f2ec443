import { sweep } from "../operations/messages.ts";
import { sweepOnce } from "../operations/sweeper.ts";
import { defineJob, done } from "./job.ts";

export const sweepJob = defineJob(sweep, async (ctx) => {
  const { reissued } = await sweepOnce(ctx);
  if (reissued > 0) ctx.log("warn", "sweep.reissued", { reissued });
  return done;
});
