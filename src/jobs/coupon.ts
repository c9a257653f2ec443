import { fillStep, parkPool } from "../coupon/code/pool-fill.ts";
import { couponExpire, couponPool, couponTakeBack } from "../coupon/messages.ts";
import { takeBackStretch } from "../coupon/template/take-back.ts";
import { expireDue } from "../coupon/wallet/expiry.ts";
import { defineJob, type Job } from "./job.ts";

export const couponJobs: readonly Job[] = [
  defineJob(couponPool, fillStep, { park: parkPool }),
  defineJob(couponTakeBack, takeBackStretch),
  defineJob(couponExpire, async (ctx) => void (await expireDue(ctx))),
];
