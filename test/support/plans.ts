import { sql } from "drizzle-orm";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { submitCampaign } from "../../src/campaign/control/review.ts";
import { writePage } from "../../src/campaign/run/page.ts";
import { planStep } from "../../src/campaign/run/plan.ts";
import { startRun } from "../../src/campaign/run/start.ts";
import type { Context } from "../../src/context.ts";
import { isRefusal } from "../../src/errors.ts";
import { createSegment } from "../../src/member/segment.ts";
import { createPromotion, setEnabled } from "../../src/promotion/promotion.ts";
import { withLimits } from "./announcements.ts";
import { addTemplate } from "./coupons.ts";
import { openLedger } from "./light.ts";
import { approvingAbove, as } from "./persons.ts";
import { accepted, addCampaign, runOfCampaign } from "./shop.ts";

/** What one shop of a company plans, or the company itself (''): a thing in each state of its life. */
export interface Plans {
  readonly template: number;
  readonly segment: number;
  /** A segment behind it. */
  readonly later: number;
  /** Campaigns: being written, to be thrown away, submitted, launched, begun, paused, and with a run in review. */
  readonly draft: number;
  readonly waste: number;
  readonly submitted: number;
  readonly launched: number;
  readonly sending: number;
  readonly paused: number;
  readonly held: number;
  /** Runs of those. */
  readonly sent: number;
  readonly grown: number;
  /** Promotions: that nobody enabled, that acts, and that waits for a second person. */
  readonly promotion: number;
  readonly acting: number;
  readonly asked: number;
}

/** Numbers of what was never made, in the place of what another shop plans. */
export const never: Plans = {
  ...{ template: 987_001, segment: 987_002, draft: 987_003, waste: 987_004, submitted: 987_005, launched: 987_006 },
  ...{ sending: 987_007, paused: 987_008, held: 987_009, sent: 987_010, grown: 987_011 },
  ...{ promotion: 987_012, acting: 987_013, asked: 987_014, later: 987_015 },
};

const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: 3_000 }] };
const promotionCalled = (name: string) => ({ name, currency: "EUR", rule });

/** A company with the shops `a` and `b`, each with plans; launches to more than two need a second person. */
export async function openPlans() {
  const ledger = await openLedger();
  await ledger.members(3);
  const ctx = approvingAbove(withLimits(ledger.ctx), 2);
  /** An approver of a shop, or of none; `n` tells persons apart. */
  const of = (shop: string, n = 1): Context =>
    as(ctx, `${n} of ${shop || "all"}`, n + 10 * (shop.charCodeAt(0) || 0), undefined, shop);
  const plans = { "": await plan(""), a: await plan("a"), b: await plan("b") };

  async function plan(shop: string): Promise<Plans> {
    const by = of(shop);
    const few = { filter: { level: { gte: 99 } } };
    const made = (name: string, more: object = {}) => addCampaign(by, { name, channels: ["IN_APP"], ...more });
    const begun = async (name: string) => {
      const id = await made(name);
      accepted(await launchCampaign(approvingAbove(by, 5), { id }));
      const run = await runOfCampaign(ctx.db, id);
      await startRun(approvingAbove(ctx, 5), { run });
      return { id, run };
    };
    const launched = await made("launched", { audience: few, startsAt: ctx.clock() + 60_000 });
    accepted(await launchCampaign(by, { id: launched }));
    const submitted = await made("submitted");
    accepted(await submitCampaign(by, { id: submitted }));
    const [sending, held, paused] = [await begun("sending"), await begun("held"), await begun("paused")];
    await planStep(ctx, { run: sending.run, from: 0 });
    await writePage(ctx, { run: sending.run, page: 0 });
    const review = { members: 9, approved: 3, offer: [], templateVersion: 0, at: 0 };
    const [promotion = 0, acting = 0, asked = 0] = await Promise.all(
      ["new", "acting", "asked"].map(async (name) => accepted(await createPromotion(by, promotionCalled(name))).id),
    );
    accepted(await setEnabled(by, { id: acting, enabled: true }));
    accepted(await enablePromotion(by, { id: asked }));
    await ctx.db.write([
      sql`UPDATE run SET state = 'IN_REVIEW', review = ${JSON.stringify(review)} WHERE id = ${held.run}`,
      sql`UPDATE run SET state = 'PAUSED' WHERE id = ${paused.run}`,
      sql`UPDATE campaign SET state = 'PAUSED' WHERE id = ${paused.id}`,
    ]);
    return {
      template: (await addTemplate(ctx, { shop, issueMode: "SYSTEM" })).id,
      segment: accepted(await createSegment(by, { name: "few", ...few })).id,
      later: accepted(await createSegment(by, { name: "other", ...few })).id,
      ...{ draft: await made("draft"), waste: await made("waste"), submitted, launched },
      ...{ sending: sending.id, paused: paused.id, held: held.id, sent: sending.run, grown: held.run },
      ...{ promotion, acting, asked },
    };
  }

  return {
    ctx,
    of,
    plans,
    /** All rows that a deed might change. */
    rows: () =>
      ctx.db.all<object>(sql`
        SELECT 'campaign' AS what, json_array(id, shop, name, state, frozen, updated_at, deleted_at) AS row
          FROM campaign
        UNION ALL SELECT 'run', json_array(id, state, due_at, at_most) FROM run
        UNION ALL SELECT 'promotion', json_array(id, shop, name, enabled, updated_at) FROM promotion
        UNION ALL SELECT 'review', json_array(promotion, id) FROM promotion_review
        UNION ALL SELECT 'segment', json_array(id, shop, name, updated_at) FROM segment
        UNION ALL SELECT 'template', json_array(id, state) FROM coupon_template
        UNION ALL SELECT 'outbox', json_array(count(*)) FROM outbox
        UNION ALL SELECT 'audit', json_array(id, subject) FROM audit
        UNION ALL SELECT 'revision', json_array(subject, version) FROM revision`),
  };
}

/** An answer as it is told, less the numbers that were asked for, which whoever asks knows. */
export async function told(answer: Promise<unknown>, named: Plans): Promise<string> {
  const said = await answer.catch((error) => ({ thrown: String(error) }));
  if (!isRefusal(said)) return JSON.stringify(said ?? null);
  const numbers = Object.values(named).join("|");
  return JSON.stringify(said).replaceAll(new RegExp(`(?<!\\d)(${numbers})(?!\\d)`, "g"), "<it>");
}
