import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { approvePromotion } from "../../src/campaign/announcement/approve.ts";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { campaignVersion } from "../../src/campaign/approval/version.ts";
import { closeOffer } from "../../src/campaign/control/close-template.ts";
import { updateCampaign } from "../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { approveCampaign, submitCampaign } from "../../src/campaign/control/review.ts";
import { createCampaign, findCampaign, type NewCampaign } from "../../src/campaign/draft/campaign.ts";
import { duplicateCampaign } from "../../src/campaign/draft/duplicate.ts";
import { launchNotice } from "../../src/campaign/notice/launch.ts";
import { type PushInput, pushCoupon } from "../../src/campaign/push/push.ts";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import type { Context } from "../../src/context.ts";
import { isRefusal, issuesOf } from "../../src/errors.ts";
import { createSegment } from "../../src/member/segment.ts";
import { membershipOf } from "../../src/promotion/audience.ts";
import { createPromotion, findPromotion, rewritePromotion, setEnabled } from "../../src/promotion/promotion.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import { versionRead } from "../support/announcements.ts";
import { addTemplate } from "../support/coupons.ts";
import { closeLedgers } from "../support/light.ts";
import { never, openPlans } from "../support/plans.ts";
import { accepted } from "../support/shop.ts";

const { of, plans, ctx } = await openPlans();
afterAll(closeLedgers);

const content = { IN_APP: { default: { title: "Hi", body: "there" } } };
const campaign = (more: Partial<NewCampaign>): NewCampaign => ({
  name: "Sale",
  channels: ["IN_APP"],
  content,
  ...more,
});
const giving = (couponTemplate: number) => ({ kind: "COUPON", tiers: [{ spend: 100, couponTemplate }] });
const promise = { name: "Advent", currency: "EUR", rule: { kind: "FULL_REDUCTION", tiers: [{ spend: 200, off: 30 }] } };
const faultsIn = (answer: object) =>
  isRefusal(answer) ? issuesOf(answer).map(({ path, message }) => `${path}: ${message}`) : ["none"];
const noTemplate = (id: number) => `there is no coupon template ${id}`;
const noSegment = (id: number) => expect.stringMatching(new RegExp(`^audience: .*segment.* ${id}`));
/** As if it had been written before anybody looked at shops. */
const movedTo = (table: string, id: number, shop: string) =>
  ctx.db.write([sql`UPDATE ${sql.raw(table)} SET shop = ${shop} WHERE id = ${id}`]);

test("what is a shop's is made by its people, or by those of no shop who say so; and stays the shop's", async () => {
  const made = async (kim: Context, shop?: string) => createCampaign(kim, campaign({ shop }));
  expect(accepted(await made(of("a"))).shop).toBe("a");
  expect(accepted(await made(of("a"), "a")).shop).toBe("a");
  expect(faultsIn(await made(of("a"), "b"))).toEqual(['shop: you work for the shop "a" alone']);
  expect(faultsIn(await made(of("a"), ""))).toEqual(['shop: you work for the shop "a" alone']);
  expect([accepted(await made(of(""))).shop, accepted(await made(of(""), " b ")).shop]).toEqual(["", "b"]);
  expect(faultsIn(await made(of(""), "b".repeat(61)))).toEqual(["shop: must have at most 60 characters"]);
  expect(accepted(await createPromotion(of(""), { ...promise, shop: "b" })).shop).toBe("b");
  expect(faultsIn(await createPromotion(of("a"), { ...promise, shop: "b" }))).toHaveLength(1);
  const segment = (kim: Context, shop?: string) =>
    createSegment(kim, { name: "mine", filter: { level: { eq: 1 } }, shop });
  expect([accepted(await segment(of("a"))).shop, accepted(await segment(of(""), "b")).shop]).toEqual(["a", "b"]);
  // A name is taken within a shop alone.
  expect(await segment(of("a"))).toMatchObject({ code: "CONFLICT" });
  expect(await segment(of("b"))).toMatchObject({ code: "CONFLICT" });
  expect(accepted(await segment(of(""))).shop).toBe("");
});

test("what belongs to a shop names what is its own, whoever writes it; the company's names anything", async () => {
  const [a, b, by] = [plans.a, plans.b, of("")];
  const issue = (couponTemplate: number, shop?: string) => campaign({ shop, kind: "COUPON_ISSUE", couponTemplate });
  for (const { template } of [b, plans[""], never]) {
    expect(faultsIn(await createCampaign(by, issue(template, "a")))).toEqual([
      `couponTemplateId: ${noTemplate(template)}`,
    ]);
    expect(faultsIn(await createPromotion(by, { ...promise, rule: giving(template), shop: "a" }))).toEqual([
      `rule.tiers.0.couponTemplate: ${noTemplate(template)}`,
    ]);
    const draft = { kind: "COUPON_ISSUE" as const, couponTemplate: template };
    expect(faultsIn(await updateCampaign(by, { id: a.draft, draft }))).toEqual([
      `couponTemplateId: ${noTemplate(template)}`,
    ]);
  }
  for (const { segment, acting } of [b, plans[""], never]) {
    const audience = { segment };
    expect(faultsIn(await createCampaign(by, campaign({ shop: "a", audience })))).toEqual([noSegment(segment)]);
    expect(faultsIn(await updateCampaign(by, { id: a.draft, draft: { audience } }))).toEqual([noSegment(segment)]);
    expect(faultsIn(await createPromotion(by, { ...promise, shop: "a", audience }))).toEqual([noSegment(segment)]);
    const edit = await rewritePromotion(by, { id: a.promotion, draft: { audience } });
    expect(faultsIn(edit)).toEqual([noSegment(segment)]);
    const told = await createCampaign(by, campaign({ shop: "a", promotion: acting }));
    expect(faultsIn(told)).toEqual([`promotionId: there is no promotion ${acting}`]);
  }
  accepted(await createCampaign(by, campaign({ ...issue(a.template), audience: { segment: b.segment } })));
  accepted(await createPromotion(by, { ...promise, rule: giving(a.template), audience: { segment: b.segment } }));
});

test("a copy is its original's shop's, or another's as far as that may name what it says", async () => {
  const by = of("");
  const copied = async (id: number, shop?: string) => duplicateCampaign(by, { id, shop });
  expect(accepted(await copied(plans.a.draft)).shop).toBe("a");
  const other = accepted(await copied(plans.a.draft, "b"));
  expect(other.shop).toBe("b");
  expect((await historyOf(by, subjectOf("campaign", other.id)))[0]?.what).toBe("copied from a campaign of others");
  const audience = { segment: plans.a.segment };
  const { id } = accepted(await createCampaign(by, campaign({ shop: "a", audience })));
  expect(faultsIn(await copied(id, "b"))).toEqual([noSegment(plans.a.segment)]);
  accepted(await submitCampaign(by, { id }));
  expect(faultsIn(await copied(id, "b"))).toEqual([noSegment(plans.a.segment)]);
  expect(accepted(await copied(id, "")).audience).toEqual(audience);
});

test("what was mixed before is not launched, approved or enabled", async () => {
  const by = of("");
  const mixed = async (draft: Partial<NewCampaign>) => {
    const { id } = accepted(
      await createCampaign(by, campaign({ audience: { filter: { level: { gte: 99 } } }, ...draft })),
    );
    await movedTo("campaign", id, "a");
    return id;
  };
  const [issue, forOthers] = [
    await mixed({ kind: "COUPON_ISSUE", couponTemplate: plans.b.template }),
    await mixed({ audience: { segment: plans.b.segment } }),
  ];
  expect(faultsIn(await launchCampaign(by, { id: issue }))).toEqual([
    `couponTemplateId: ${noTemplate(plans.b.template)}`,
  ]);
  accepted(await submitCampaign(by, { id: issue }));
  const version = await campaignVersion(by, (await findCampaign(by, issue))!);
  expect(faultsIn(await approveCampaign(of("", 2), { id: issue, version }))).toHaveLength(1);
  for (const verb of [launchCampaign, submitCampaign]) {
    expect(await verb(by, { id: forOthers })).toMatchObject({ code: "NOT_FOUND" });
  }
  const promised = async (more: object) => {
    const { id } = accepted(await createPromotion(by, { ...promise, ...more }));
    await movedTo("promotion", id, "a");
    return id;
  };
  const gift = await promised({ rule: giving(plans.b.template) });
  const [place] = [`rule.tiers.0.couponTemplate: ${noTemplate(plans.b.template)}`];
  expect(faultsIn(await enablePromotion(by, { id: gift }))).toEqual([place]);
  expect(faultsIn(await setEnabled(by, { id: gift, enabled: true }))).toEqual([place]);
  const few = await promised({ audience: { segment: plans.b.segment } });
  expect(faultsIn(await setEnabled(by, { id: few, enabled: true }))).toEqual([noSegment(plans.b.segment)]);
  expect(await enablePromotion(by, { id: few })).toMatchObject({ code: "NOT_FOUND" });
});

test("a promotion of a shop is for members as its own segment says; another's is for nobody", async () => {
  const { id: segment } = accepted(await createSegment(of("b"), { name: "all", filter: { level: { gte: 0 } } }));
  const isFor = async (shop: string) => {
    const memberships = await membershipOf(ctx, [{ id: 7, shop, audience: { segment } }], 1);
    return (await ctx.db.first<{ yes: number }>(sql`SELECT ${memberships.get(7)} AS yes`))?.yes;
  };
  expect([await isFor("b"), await isFor(""), await isFor("a")]).toEqual([1, 1, 0]);
});

test("filters of a shop count what is its own, whoever asks: a template of others selects nobody", async () => {
  const { template } = await given("b");
  const { sending, acting } = plans.b;
  await ctx.db.write([sql`UPDATE campaign SET promotion = ${acting} WHERE id = ${sending}`]);
  const filters = [
    { holdsCoupon: { template } },
    { claimedCoupon: { template, since: "2020-01-01T00:00:00Z" } },
    { claimedCoupon: { since: "2020-01-01T00:00:00Z" } },
    { gotCampaign: { campaign: sending } },
    { toldOf: { promotion: acting } },
  ];
  for (const filter of filters) {
    const matched = async (shop: string) => {
      const { id } = accepted(await createCampaign(of(""), campaign({ shop, audience: { filter } })));
      const { frozen } = accepted(await submitCampaign(of(""), { id }));
      const simulated = accepted(await simulateLaunch(of(""), { id })).matched;
      expect(simulated).toBe(frozen?.members ?? -1);
      return simulated;
    };
    const holders = "gotCampaign" in filter || "toldOf" in filter ? 3 : 1;
    expect([filter, await matched("a"), await matched("b"), await matched("")]).toEqual([filter, 0, holders, holders]);
  }
});

test("whom the company told of a shop's promotion, the shop tells of it no second time", async () => {
  const { acting } = plans.a;
  await ctx.db.write([sql`UPDATE campaign SET promotion = ${acting} WHERE id = ${plans[""].sending}`]);
  const matched = async (shop: string) => {
    const draft = campaign({ shop, audience: { filter: { toldOf: { promotion: acting } } } });
    return accepted(await submitCampaign(of(""), accepted(await createCampaign(of(""), draft)))).frozen?.members;
  };
  expect([await matched("a"), await matched(""), await matched("b")]).toEqual([3, 3, 0]);
});

async function given(shop: string) {
  const { id: template } = await addTemplate(ctx, { shop, issueMode: "SYSTEM" });
  await ctx.db.write([
    sql`INSERT INTO coupon (template, member, number, state, source, at, valid_from, valid_to)
      VALUES (${template}, 1, 1, 'AVAILABLE', 'test', ${ctx.clock()}, 0, NULL)`,
  ]);
  return { template };
}

test("an approver of another shop finds nothing to approve; one of the shop, or of none, approves", async () => {
  for (const approver of [of("a", 2), of("", 2)]) {
    const { id } = accepted(await createCampaign(of("a"), campaign({})));
    accepted(await submitCampaign(of("a"), { id }));
    const version = await campaignVersion(of("a"), (await findCampaign(of("a"), id))!);
    expect(await approveCampaign(of("b", 2), { id, version })).toMatchObject({ code: "NOT_FOUND" });
    expect(await approveCampaign(of("a"), { id, version })).toMatchObject({ code: "FORBIDDEN" });
    expect(accepted(await approveCampaign(approver, { id, version })).state).toBe("APPROVED");
  }
  const promotion = accepted(await createPromotion(of("a"), promise)).id;
  accepted(await enablePromotion(of("a"), { id: promotion }));
  const read = { id: promotion, version: await versionRead(ctx, promotion) };
  expect(await approvePromotion(of("b", 2), read)).toMatchObject({ code: "NOT_FOUND" });
  expect(await approvePromotion(of("a"), read)).toMatchObject({ code: "FORBIDDEN" });
  const { announcement } = accepted(await approvePromotion(of("", 2), read));
  expect(announcement).toMatchObject({ shop: "a", state: "ACTIVE" });
  expect((await findPromotion(of("a"), promotion))?.enabled).toBe(true);
});

test("what the product makes carries the shop of what it is of: announcements, pushes, reminders", async () => {
  const { id: promotion } = accepted(
    await createPromotion(of("a"), { ...promise, audience: { filter: { level: { gte: 99 } } } }),
  );
  expect(accepted(await enablePromotion(of(""), { id: promotion })).announcement?.shop).toBe("a");
  const push: PushInput = {
    couponTemplate: plans.a.template,
    audience: { filter: { level: { gte: 99 } } },
    channels: [],
  };
  expect(accepted(await pushCoupon(of(""), push)).campaign.shop).toBe("a");
  expect(accepted(await pushCoupon(of(""), { ...push, dryRun: true })).campaign.shop).toBe("a");
  const template = await addTemplate(ctx, { shop: "b" });
  const policy = { channels: ["IN_APP"], content: null };
  const audience = { couponReminder: { template: template.id } };
  const [startsAt, endsAt] = [null, ctx.clock() + 60_000];
  await launchNotice(ctx, { kind: "DROP", template, slot: 0, policy, audience, startsAt, endsAt });
  const made = await ctx.db.first(sql`SELECT shop, state FROM campaign WHERE coupon_template = ${template.id}`);
  expect(made).toEqual({ shop: "b", state: "ACTIVE" });
});

test("who ends a coupon of a shop stops the company's invites to it, and is told nothing of these", async () => {
  const { id } = await addTemplate(ctx, { shop: "a" });
  const body = { IN_APP: { default: { title: "Hi", body: "{{ coupon.claimUrl }}" } } };
  const invited = async (kim: Context) => {
    const few = { filter: { level: { gte: 99 } } };
    const draft = campaign({ kind: "COUPON_INVITE", couponTemplate: id, content: body, audience: few });
    return accepted(await launchCampaign(kim, { id: accepted(await createCampaign(kim, draft)).id })).id;
  };
  const [theirs, own] = [await invited(of("")), await invited(of("a"))];
  const { stopped } = accepted(await closeOffer(of("a"), { id, to: "end" }));
  expect(stopped.map((each) => each.campaign.id)).toEqual([own]);
  for (const campaign of [theirs, own]) expect((await findCampaign(of(""), campaign))?.state).toBe("CANCELLED");
  const history = (await historyOf(ctx, subjectOf("coupon-template", id))).map(({ what }) => what);
  expect(history.filter((what) => what.includes("stopped"))).toEqual([
    expect.stringContaining(`campaign ${own} stopped`),
  ]);
});
