import { sql } from "drizzle-orm";
import { createAndEnable } from "../../src/campaign/announcement/create.ts";
import { campaignVersion } from "../../src/campaign/approval/version.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { pauseCampaign } from "../../src/campaign/control/pause.ts";
import { submitCampaign } from "../../src/campaign/control/review.ts";
import { type CampaignDraft, createCampaign, findCampaign } from "../../src/campaign/draft/campaign.ts";
import { campaignTest } from "../../src/campaign/messages.ts";
import { completeOrder } from "../../src/checkout/order/complete.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import type { Context } from "../../src/context.ts";
import { createCodePool } from "../../src/coupon/code/pool.ts";
import { cancelCodePool, pauseCodePool } from "../../src/coupon/code/pool-control.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import type { TemplateDraft } from "../../src/coupon/template/draft.ts";
import { createTemplate } from "../../src/coupon/template/edit.ts";
import { activateTemplate } from "../../src/coupon/template/lifecycle.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import type { DistributionState } from "../../src/distribution/table.ts";
import { createPolicy } from "../../src/lifecycle/save.ts";
import { createSegment } from "../../src/member/segment.ts";
import { listDeadLetters } from "../../src/operations/queue/dead-letter.ts";
import { findMessage } from "../../src/operations/queue/message-search.ts";
import { enqueue } from "../../src/queue/outbox.ts";
import { pauseSchedule } from "../../src/schedule/control.ts";
import { listOccurrences, schedulesOf } from "../../src/schedule/schedule.ts";
import { addPromotion, versionRead } from "./announcements.ts";
import { usualTemplate } from "./coupons.ts";
import { checked } from "./distributions.ts";
import { idOf } from "./operators.ts";
import { as } from "./persons.ts";
import { accepted, openShop, runOfCampaign, type Shop } from "./shop.ts";
import { until } from "./wait.ts";

/** Tests to these members die at once, or are tried again and again. */
const [unreachable, slow] = [1, 2];

/** An installation with three members, in which whatever {@link worldOf} makes stays as it was made. */
export async function openScene(): Promise<Shop> {
  const shop = await openShop({
    env: { APPROVAL_ABOVE: "1" },
    deliver: async (request) => {
      const job = new URL(request.url).pathname.split("/").at(-1);
      const member = job === "campaign-test" ? (await request.clone().json()).member : 0;
      if (member === unreachable)
        return new Response("no", { status: 489, headers: { "upstash-nonretryable-error": "true" } });
      return member === slow ? new Response("later", { status: 500 }) : fetch(request);
    },
  });
  await shop.members(3);
  return shop;
}

/** What can be made in a shop of the company, or, with an empty number, for the company itself; by a person of it. */
export type World = ReturnType<typeof worldOf>;

export function worldOf({ ctx: any, app }: Shop, shop: string) {
  const ctx: Context = as(any, `Ada of ${shop}`, shop === "" ? 9_001 : 9_002, 9_001, shop);
  const key = () => crypto.randomUUID();
  const year = 365 * 86_400_000;

  const template = async (more: Partial<TemplateDraft> = {}) =>
    accepted(await createTemplate(ctx, { draft: { ...usualTemplate, shop, ...more } })).id;
  const live = async (more: Partial<TemplateDraft> = {}) => {
    const id = await template(more);
    accepted(await activateTemplate(ctx, { id }));
    return id;
  };
  const pooled = () => template({ codeMode: "POOL", issueMode: "SYSTEM" });
  const pool = async () => {
    const made = accepted(await createCodePool(ctx, { template: await pooled(), wanted: 5, idempotencyKey: key() }));
    // As if the queue had not come to it yet.
    await ctx.db.write([sql`UPDATE code_pool SET state = 'FILLING', made = 0 WHERE id = ${made.id}`]);
    return made.id;
  };
  const coupon = async () => {
    const of = await live({ issueMode: "SYSTEM", perMember: 9 });
    return accepted(await issueCoupon(ctx, { template: of, member: { seq: 3 }, idempotencyKey: key() })).id;
  };
  /** As if somebody had moved it there and the queue had not come to it yet. */
  const distribution = async (state: DistributionState = "READY") => {
    const template = await live({ issueMode: "SYSTEM" });
    const { id } = await checked(ctx, "externalId\nx3\n", { template });
    await until(async () => accepted(await findDistribution(ctx, id)).state === "READY");
    await ctx.db.write([sql`UPDATE distribution SET state = ${state} WHERE id = ${id}`]);
    return id;
  };

  const one = { filter: { externalId: { eq: "x3" } } };
  const content = {
    IN_APP: { default: { title: "News", body: "News" } },
    EMAIL: { default: { subject: "News", html: "<p>News</p>" } },
  };
  /** To one member, in a year. */
  const campaign = async (more: Partial<CampaignDraft> = {}) => {
    const startsAt = ctx.clock() + year;
    const said = { name: "News", channels: ["IN_APP" as const], content: { IN_APP: content.IN_APP }, audience: one };
    return accepted(await createCampaign(ctx, { ...said, startsAt, ...more })).id;
  };
  const launched = async () => {
    const id = await campaign();
    accepted(await launchCampaign(ctx, { id }));
    return id;
  };
  /** Every day. */
  const recurring = async () => {
    const recurrence = { cron: { line: "0 9 * * *" } };
    const id = await campaign({ startsAt: null, schedule: { recurrence, zone: "Europe/Berlin" } });
    accepted(await launchCampaign(ctx, { id }));
    return id;
  };
  const schedule = async () => (await schedulesOf(ctx, "campaign", [await recurring()]))[0]?.id ?? 0;
  const submitted = async () => {
    const id = await campaign({ audience: { everyone: true } });
    accepted(await submitCampaign(ctx, { id }));
    return id;
  };

  /** A test that the queue has, which never arrives. */
  const test = async (member: number) => {
    const id = await campaign({ channels: ["EMAIL"], content: { EMAIL: content.EMAIL } });
    const payload = { id: key(), campaign: id, member, channel: "EMAIL" as const };
    await ctx.db.write([enqueue(ctx, [campaignTest.of(payload)])]);
    const published = await until(() =>
      ctx.db.first<{ id: string | null }>(sql`
        SELECT message_id AS id FROM outbox WHERE payload ->> '$.id' = ${payload.id} AND message_id IS NOT NULL`),
    );
    return { id: published?.id ?? "", payload };
  };

  const cart = { currency: "EUR", lines: [{ id: "tea", goods: "tea", unitPrice: 5_000, quantity: 1, shop }] };
  const orderId = () => `order ${key()}`;
  const locked = async (couponIds: readonly number[] = []) => {
    const name = orderId();
    accepted(await lockCoupons(ctx, { orderId: name, member: { seq: 3 }, cart, couponIds }));
    return name;
  };
  const paid = async () => {
    const name = await locked();
    accepted(await redeemCoupons(ctx, { orderId: name }));
    return name;
  };

  return {
    shop,
    ctx,
    url: app.url,
    key,
    template,
    live,
    pooled,
    pool,
    pausedPool: async () => {
      const id = await pool();
      accepted(await pauseCodePool(ctx, { id }));
      return id;
    },
    cancelledPool: async () => {
      const id = await pool();
      accepted(await cancelCodePool(ctx, { id }));
      return id;
    },
    coupon,
    distribution,
    campaign,
    launched,
    submitted,
    recurring,
    schedule,
    pausedSchedule: async () => {
      const id = await schedule();
      accepted(await pauseSchedule(ctx, { id }));
      return id;
    },
    nextTime: async (of: number) => {
      const [next] = await listOccurrences(ctx, { schedule: of, state: "PLANNED", isForward: true, limit: 1 });
      return new Date(next?.plannedAt ?? 0).toISOString();
    },
    pausedCampaign: async () => {
      const id = await launched();
      accepted(await pauseCampaign(ctx, { id }));
      return id;
    },
    mailing: () => campaign({ channels: ["EMAIL"], content: { EMAIL: content.EMAIL } }),
    version: async (id: number) => {
      const found = await findCampaign(ctx, id);
      return found ? campaignVersion(ctx, found) : "";
    },
    /** A run that waits for a second person. */
    heldRun: async () => {
      const run = await runOfCampaign(ctx.db, await launched());
      const review = JSON.stringify({ members: 2, approved: 1, offer: [], templateVersion: 0, at: 0 });
      await ctx.db.write([sql`UPDATE run SET state = 'IN_REVIEW', review = ${review} WHERE id = ${run}`]);
      return run;
    },
    promotion: () => addPromotion(ctx, { name: "Advent" }),
    enabledPromotion: async () => {
      const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: 3_000 }] };
      const draft = { name: "Advent", currency: "EUR", rule };
      return accepted(await createAndEnable(ctx, { draft, enabled: true, announce: "NO" })).id;
    },
    /** Enabled, once a second person approves. */
    askedPromotion: async () => {
      const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: 3_000 }] };
      const draft = { name: "Advent", currency: "EUR", rule };
      return accepted(await createAndEnable(ctx, { draft, enabled: true, announce: "EVERYONE" })).id;
    },
    promotionVersion: (id: number) => versionRead(ctx, id),
    lifecyclePolicy: async () => {
      const content = { IN_APP: { default: { title: "Hi", body: "Happy birthday" } } };
      const push = { channels: ["IN_APP" as const], content };
      return accepted(await createPolicy(ctx, { name: key(), kind: "BIRTHDAY", days: 0, hour: 9, push })).id;
    },
    segment: async () => accepted(await createSegment(ctx, { name: `few ${key()}`, filter: { level: { gte: 1 } } })).id,
    letter: async () => {
      const { id, payload } = await test(unreachable);
      const found = await until(async () => {
        const { letters } = accepted(await listDeadLetters(ctx, { limit: 100 }));
        return letters.find(({ messageId }) => messageId === id);
      });
      return { letterId: found?.id ?? "", job: found?.job ?? "", payload };
    },
    /** A message that waits to be tried again. */
    retried: async () => {
      const { id } = await test(slow);
      const isRetrying = async () => {
        const message = await findMessage(ctx, { id });
        return "state" in message && message.state === "RETRYING";
      };
      await until(isRetrying);
      return id;
    },
    cart,
    orderId,
    locked,
    paid,
    completed: async () => {
      const name = await paid();
      accepted(await completeOrder(ctx, { orderId: name }));
      return name;
    },
    idOf,
  };
}
