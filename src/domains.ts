import { audienceLanguage } from "./audience/language.ts";
import { campaign } from "./campaign/domain.ts";
import { checkout } from "./checkout/domain.ts";
import type { Domain } from "./context.ts";
import { coupon } from "./coupon/domain.ts";
import { distribution } from "./distribution/domain.ts";
import { hotgoods } from "./hotgoods/domain.ts";
import { campaignJobs } from "./jobs/campaign.ts";
import { checkoutJobs } from "./jobs/checkout.ts";
import { couponJobs } from "./jobs/coupon.ts";
import { distributionJobs } from "./jobs/distribution.ts";
import { hotgoodsJobs } from "./jobs/hotgoods.ts";
import { type EventConsumer, type Job, jobsOf } from "./jobs/job.ts";
import { lifecycleJobs } from "./jobs/lifecycle.ts";
import { operationsJobs } from "./jobs/operations.ts";
import { scheduleJobs } from "./jobs/schedule.ts";
import { webhookConsumers, webhookJobs } from "./jobs/webhook.ts";
import { lifecycle } from "./lifecycle/domain.ts";
import { member } from "./member/domain.ts";
import { operations } from "./operations/domain.ts";
import { promotion } from "./promotion/domain.ts";
import { rewardsOf } from "./reward/reward.ts";
import { schedule } from "./schedule/domain.ts";
import { campaignRoom } from "./schema/campaign/index.ts";
import { checkoutRoom } from "./schema/checkout/index.ts";
import { couponRoom } from "./schema/coupon/index.ts";
import { distributionRoom } from "./schema/distribution/index.ts";
import { hotgoodsRoom } from "./schema/hotgoods/index.ts";
import { lifecycleRoom } from "./schema/lifecycle/index.ts";
import { memberRoom } from "./schema/member/index.ts";
import { operationsRoom } from "./schema/operations/index.ts";
import { promotionRoom } from "./schema/promotion/index.ts";
import type { Room } from "./schema/room.ts";
import { scheduleRoom } from "./schema/schedule/index.ts";
import { transitionRoom } from "./schema/transition/index.ts";
import { webhookRoom } from "./schema/webhook/index.ts";
import { transition } from "./transition/domain.ts";
import { webhook } from "./webhook/domain.ts";

/** A domain with all that it consists of: its manifest, its room in the schema, and its jobs where it has any. */
interface Part {
  readonly domain: Domain;
  readonly room: Room;
  readonly jobs?: readonly Job[];
  readonly consumers?: readonly EventConsumer[];
}

/** What the product is made of, lowest first: each may import those before it. A domain that comes is a line here. */
export const parts: readonly Part[] = [
  { domain: transition, room: transitionRoom },
  { domain: schedule, room: scheduleRoom, jobs: scheduleJobs },
  { domain: member, room: memberRoom },
  { domain: webhook, room: webhookRoom, jobs: webhookJobs, consumers: webhookConsumers },
  { domain: promotion, room: promotionRoom },
  { domain: coupon, room: couponRoom, jobs: couponJobs },
  { domain: checkout, room: checkoutRoom, jobs: checkoutJobs },
  { domain: campaign, room: campaignRoom, jobs: campaignJobs },
  { domain: lifecycle, room: lifecycleRoom, jobs: lifecycleJobs },
  { domain: hotgoods, room: hotgoodsRoom, jobs: hotgoodsJobs },
  { domain: distribution, room: distributionRoom, jobs: distributionJobs },
  { domain: operations, room: operationsRoom, jobs: operationsJobs },
];

export const domains: readonly Domain[] = parts.map(({ domain }) => domain);

export const jobs = jobsOf(
  parts.flatMap(({ jobs = [] }) => jobs),
  parts.flatMap(({ consumers = [] }) => consumers),
);

/** The language of filters that all of them speak. */
export const audience = audienceLanguage(domains.flatMap(({ terms = [] }) => terms));

/** What all of them can give. */
export const rewards = rewardsOf(domains.flatMap(({ rewards = [] }) => rewards));

/** Where files are sent to and taken from. */
export const files: NonNullable<Room["files"]> = Object.assign({}, ...parts.map(({ room }) => room.files));

/** The highest row of what examples make, by type. */
export const newest: NonNullable<Room["newest"]> = Object.assign({}, ...parts.map(({ room }) => room.newest));

/** The playground opens with the machinery, then what an operator does first, and so on downwards. */
export const examples = parts.toReversed().flatMap(({ room }) => room.examples ?? []);
