import { campaignCancelJob } from "./campaign-cancel.ts";
import { campaignPageJob } from "./campaign-page.ts";
import { campaignPlanJob } from "./campaign-plan.ts";
import { campaignStartJob } from "./campaign-start.ts";
import { campaignTestJob } from "./campaign-test.ts";
import { campaignWakeJob } from "./campaign-wake.ts";
import { channelSendJob } from "./channel-send.ts";
import type { EventConsumer } from "./consumer.ts";
import { couponExpireJob } from "./coupon-expire.ts";
import { couponNoticeJob } from "./coupon-notice.ts";
import { couponPoolJob } from "./coupon-pool.ts";
import { couponTakeBackJob } from "./coupon-take-back.ts";
import { eventWebhooks } from "./event-webhooks.ts";
import type { Job } from "./job.ts";
import { sweepJob } from "./sweep.ts";
import { webhookSendJob } from "./webhook-send.ts";

/** Everyone who is told of events. Adding one is a file and a line here; who records events need not know. */
export const eventConsumers: readonly EventConsumer[] = [eventWebhooks];

const list: readonly Job[] = [
  campaignStartJob,
  campaignPlanJob,
  campaignPageJob,
  campaignWakeJob,
  campaignTestJob,
  campaignCancelJob,
  channelSendJob,
  webhookSendJob,
  couponPoolJob,
  couponTakeBackJob,
  couponExpireJob,
  couponNoticeJob,
  sweepJob,
  ...eventConsumers.map(({ job }) => job),
];

/** Every job by the name of its message. Adding one is a file and a line above. */
export const jobs: ReadonlyMap<string, Job> = new Map(list.map((job) => [job.name, job]));
