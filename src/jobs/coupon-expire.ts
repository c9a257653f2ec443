import { couponExpire } from "../coupon/messages.ts";
import { expireDue } from "../coupon/wallet/expiry.ts";
import { defineJob, done } from "./job.ts";

export const couponExpireJob = defineJob(couponExpire, async (ctx) => {
  await expireDue(ctx);
  return done;
});
