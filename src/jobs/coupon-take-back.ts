import { couponTakeBack } from "../coupon/messages.ts";
import { takeBackStretch } from "../coupon/template/take-back.ts";
import { defineJob, done } from "./job.ts";

export const couponTakeBackJob = defineJob(couponTakeBack, async (ctx, stretch) => {
  await takeBackStretch(ctx, stretch);
  return done;
});
