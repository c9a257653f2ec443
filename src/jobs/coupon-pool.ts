import { fillStep, parkPool } from "../coupon/code/pool-fill.ts";
import { couponPool } from "../coupon/messages.ts";
import { defineJob, done } from "./job.ts";

export const couponPoolJob = defineJob(
  couponPool,
  async (ctx, step) => {
    await fillStep(ctx, step);
    return done;
  },
  { park: parkPool },
);
