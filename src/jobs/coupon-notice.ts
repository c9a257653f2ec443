import { sendDueNotices } from "../campaign/notice/due.ts";
import { couponNotice } from "../coupon/wallet/wallet-messages.ts";
import { defineJob, done } from "./job.ts";

export const couponNoticeJob = defineJob(couponNotice, async (ctx) => {
  await sendDueNotices(ctx);
  return done;
});
