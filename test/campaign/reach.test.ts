import { afterAll, describe, expect, test } from "bun:test";
import { approvePromotion, rejectPromotion } from "../../src/campaign/announcement/approve.ts";
import { createAndEnable } from "../../src/campaign/announcement/create.ts";
import { disablePromotion } from "../../src/campaign/announcement/disable.ts";
import { updatePromotion } from "../../src/campaign/announcement/edit.ts";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { cancelCampaign } from "../../src/campaign/control/cancel.ts";
import { deleteCampaign } from "../../src/campaign/control/delete.ts";
import { updateCampaign } from "../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../src/campaign/control/pause.ts";
import { returnToDraft } from "../../src/campaign/control/return.ts";
import { approveCampaign, rejectCampaign, submitCampaign } from "../../src/campaign/control/review.ts";
import { approveRun } from "../../src/campaign/control/review-run.ts";
import { campaignsById, createCampaign, findCampaign, listCampaigns } from "../../src/campaign/draft/campaign.ts";
import { duplicateCampaign } from "../../src/campaign/draft/duplicate.ts";
import { inboxOf } from "../../src/campaign/inbox/member-inbox.ts";
import { runProgress } from "../../src/campaign/progress/progress.ts";
import { toldSendsOfMember, toldSendsOfRun } from "../../src/campaign/progress/told-sends.ts";
import { whyMember } from "../../src/campaign/progress/why.ts";
import { pushCoupon } from "../../src/campaign/push/push.ts";
import { previewContent } from "../../src/campaign/rehearsal/preview.ts";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import { requestTestSend } from "../../src/campaign/rehearsal/test-send.ts";
import { countRuns, findRun, listRuns, runsById, runsInReview } from "../../src/campaign/run/run.ts";
import type { Context } from "../../src/context.ts";
import { deleteSegment, listSegments, segmentsById, updateSegment } from "../../src/member/segment.ts";
import { createPromotion, listPromotions, promotionsById, rewritePromotion } from "../../src/promotion/promotion.ts";
import { closeLedgers } from "../support/light.ts";
import { never, openPlans, type Plans, told } from "../support/plans.ts";

const { of, plans, rows, ctx } = await openPlans();
afterAll(closeLedgers);

const limit = 50;
const version = "1.0.0.3.0.0";
const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 100, off: 10 }] };
const giving = (couponTemplate: number) => ({ kind: "COUPON", tiers: [{ spend: 100, couponTemplate }] });
const said = { name: "Sale", currency: "EUR", rule };
const audienceOf = ({ segment }: Plans) => ({ segment });
const byMail = { name: "Sale", channels: ["IN_APP" as const] };
let key = 0;
const keyed = () => ({ idempotencyKey: `k${++key}` });

/** Everything that an operator may ask or do by numbers of campaigns, runs, promotions and segments; deletions last. */
const asked: Readonly<Record<string, (kim: Context, its: Plans) => Promise<unknown>>> = {
  "a campaign": (kim, { draft }) => findCampaign(kim, draft),
  campaigns: (kim, { sending, draft }) => campaignsById(kim, [sending, draft]),
  "campaigns behind one, by name": (kim, { draft }) => listCampaigns(kim, { order: "NAME", after: draft, limit }),
  "promotions behind one, by name": (kim, { acting }) => listPromotions(kim, { order: "NAME", after: acting, limit }),
  "segments behind one, by name": (kim, { segment }) => listSegments(kim, { order: "NAME", after: segment, limit }),
  promotions: (kim, { promotion, acting, asked }) => promotionsById(kim, [promotion, acting, asked]),
  segments: (kim, { segment }) => segmentsById(kim, [segment]),
  "a run": (kim, { sent }) => findRun(kim, sent),
  runs: (kim, { sent, grown }) => runsById(kim, [sent, grown]),
  "runs of a campaign": (kim, { sending }) => listRuns(kim, { campaign: sending, limit }),
  "how many runs": (kim, { sending }) => countRuns(kim, { campaign: sending }),
  "runs in review": (kim, { held }) => runsInReview(kim, [held]),
  progress: (kim, { sent, grown }) => runProgress(kim, [sent, grown]),
  "sends of a run": (kim, { sent }) => toldSendsOfRun(kim, { run: sent, limit }),
  "a member's of a campaign": (kim, { sending }) => toldSendsOfMember(kim, { member: 1, campaign: sending, limit }),
  why: (kim, { sent }) => whyMember(kim, { run: sent, member: 1 }),
  "why somebody who is not there": (kim, { sent }) => whyMember(kim, { run: sent, member: 77 }),
  simulation: (kim, { draft }) => simulateLaunch(kim, { id: draft }),
  preview: (kim, { draft }) => previewContent(kim, { campaign: draft, member: 1, channel: "IN_APP" }),
  "test send": (kim, { draft }) => requestTestSend(kim, { campaign: draft, member: 1, channel: "EMAIL" }),
  "test send to nobody": (kim, { draft }) => requestTestSend(kim, { campaign: draft, member: 77, channel: "EMAIL" }),
  update: (kim, { draft }) => updateCampaign(kim, { id: draft, draft: { name: "Mine" } }),
  "update with a fault": (kim, { draft }) => updateCampaign(kim, { id: draft, draft: { name: "" } }),
  "update what has begun": (kim, { sending }) => updateCampaign(kim, { id: sending, draft: { name: "Mine" } }),
  duplicate: (kim, { draft }) => duplicateCampaign(kim, { id: draft, ...keyed() }),
  submit: (kim, { draft }) => submitCampaign(kim, { id: draft }),
  approve: (kim, { submitted }) => approveCampaign(kim, { id: submitted, version }),
  "approve another state": (kim, { sending }) => approveCampaign(kim, { id: sending, version }),
  reject: (kim, { submitted }) => rejectCampaign(kim, { id: submitted }),
  launch: (kim, { draft }) => launchCampaign(kim, { id: draft, ...keyed() }),
  "launch again": (kim, { launched }) => launchCampaign(kim, { id: launched }),
  return: (kim, { launched }) => returnToDraft(kim, { id: launched }),
  "return what has begun": (kim, { sending }) => returnToDraft(kim, { id: sending }),
  resume: (kim, { paused }) => resumeCampaign(kim, { id: paused }),
  "resume what goes on": (kim, { sending }) => resumeCampaign(kim, { id: sending }),
  "approve a run": (kim, { grown }) => approveRun(kim, { id: grown, members: 9 }),
  "approve a run that does not wait": (kim, { sent }) => approveRun(kim, { id: sent, members: 9 }),
  pause: (kim, { sending }) => pauseCampaign(kim, { id: sending }),
  cancel: (kim, { held }) => cancelCampaign(kim, { id: held }),
  "update a promotion": (kim, { promotion }) => updatePromotion(kim, { id: promotion, draft: { name: "Mine" } }),
  "update and announce": (kim, { acting }) => updatePromotion(kim, { id: acting, draft: {}, announce: "UNREACHED" }),
  "update with a fault in it": (kim, { acting }) => rewritePromotion(kim, { id: acting, draft: { currency: "?" } }),
  "approve a promotion": (kim, { asked }) => approvePromotion(kim, { id: asked, version }),
  "approve one of which nothing waits": (kim, { acting }) => approvePromotion(kim, { id: acting, version }),
  "reject a promotion": (kim, { asked }) => rejectPromotion(kim, { id: asked }),
  enable: (kim, { promotion }) => enablePromotion(kim, { id: promotion, ...keyed() }),
  "enable one that acts": (kim, { acting }) => enablePromotion(kim, { id: acting, announce: "EVERYONE" }),
  disable: (kim, { acting }) => disablePromotion(kim, { id: acting }),
  "rename a segment": (kim, { segment }) => updateSegment(kim, { id: segment, name: "Mine" }),
  "a campaign of a segment": (kim, its) => createCampaign(kim, { ...byMail, audience: audienceOf(its) }),
  "a campaign of a template": (kim, { template }) =>
    createCampaign(kim, { ...byMail, kind: "COUPON_ISSUE", couponTemplate: template }),
  "a campaign of a promotion": (kim, { acting }) => createCampaign(kim, { ...byMail, promotion: acting }),
  "a promotion for a segment": (kim, its) => createPromotion(kim, { ...said, audience: audienceOf(its) }),
  "one that acts at once": (kim, its) =>
    createAndEnable(kim, { draft: { ...said, audience: audienceOf(its) }, enabled: true }),
  "a promotion of a template": (kim, { template }) => createPromotion(kim, { ...said, rule: giving(template) }),
  push: (kim, { template }) =>
    pushCoupon(kim, { couponTemplate: template, audience: { everyone: true }, channels: [], content: {} }),
  "push to a segment": (kim, its) =>
    pushCoupon(kim, { couponTemplate: plans.a.template, audience: audienceOf(its), channels: [], content: {} }),
  "delete a segment": (kim, { segment }) => deleteSegment(kim, segment),
  delete: (kim, { waste }) => deleteCampaign(kim, { id: waste }),
  "delete what is no draft": (kim, { sending }) => deleteCampaign(kim, { id: sending }),
};

describe("whoever works for a shop is told of another's plans, and of the company's, what is told of none", () => {
  test.each(Object.entries(asked))("%s", async (_, ask) => {
    const before = await rows();
    const ofNone = await told(ask(of("a"), never), never);
    expect(await told(ask(of("a"), plans.b), plans.b)).toBe(ofNone);
    expect(await told(ask(of("a"), plans[""]), plans[""])).toBe(ofNone);
    expect(await rows()).toEqual(before);
    // Of the own there is something to tell.
    expect(await told(ask(of("a", 2), plans.a), plans.a)).not.toBe(ofNone);
  });
});

test("a member's inbox and sends are told as far as they are the shop's; to those of no shop, all", async () => {
  const read = async (kim: Context) => ({
    inbox: (await inboxOf(kim, { member: 1, limit })).map(({ run }) => run),
    sends: (await toldSendsOfMember(kim, { member: 1, limit })).map(({ run }) => run),
  });
  const [company, a, b] = [plans[""], plans.a, plans.b].map(({ sent }) => sent);
  for (const [shop, runs] of [
    ["a", [a]],
    ["b", [b]],
    ["", [b, a, company]],
    ["c", []],
  ] as const) {
    expect(await read(of(shop))).toEqual({ inbox: [...runs], sends: [...runs] } as never);
  }
  const member = { ...ctx, actor: { kind: "member", seq: 1, id: "m1" } } as const;
  expect(await inboxOf(member, { member: 1, limit })).toHaveLength(3);
});
