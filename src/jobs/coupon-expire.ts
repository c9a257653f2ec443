import { expireDue } from "../coupon/wallet/expiry.ts";
import { couponExpire } from "../coupon/wallet/wallet-messages.ts";
import { defineJob, done } from "./job.ts";

export const couponExpireJob = defineJob(couponExpire, async (ctx) => {
  await expireDue(ctx);
  return done;
});
