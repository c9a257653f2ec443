import { couponPool } from "../coupon/messages.ts";
import { fillStep, parkPool } from "../coupon/pool-fill.ts";
import { defineJob, done } from "./job.ts";

export const couponPoolJob = defineJob(
  couponPool,
  async (ctx, step) => {
    await fillStep(ctx, step);
    return done;
  },
  { park: parkPool },
);
