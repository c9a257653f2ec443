import { couponNotice } from "../campaign/messages.ts";
import { sendDueNotices } from "../campaign/notice/due.ts";
import { defineJob, done } from "./job.ts";

export const couponNoticeJob = defineJob(couponNotice, async (ctx) => {
  await sendDueNotices(ctx);
  return done;
});
