import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { channelNames } from "../../../src/channels/catalog.ts";
import { claimUrl } from "../../../src/coupon/link/claim-link.ts";
import { addTemplate } from "../../support/coupons.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
let ada: Operator;
let bob: Operator;
beforeAll(async () => {
  shop = await openShop();
  [ada, bob] = [await hire(shop, "ada", "editor"), await hire(shop, "bob", "approver")];
  await shop.members(100, { level: "i % 2", control: "i <= 10" });
});
afterAll(closeShops);

type Facts = Parameters<typeof addTemplate>[1];

const fields = "id number kind couponTemplateId channels state";
const invitation = [{ parts: { sms: { text: "{{ coupon.name }}: {{ coupon.claimUrl }}" } } }];

async function draft(facts: Facts, input: Record<string, unknown> = {}) {
  const template = await addTemplate(shop.ctx, facts);
  const usual = {
    name: "Gift",
    channels: [],
    kind: "COUPON_ISSUE",
    couponTemplateId: idOf("CouponTemplate", template.id),
  };
  return ada.does("createCampaign", { ...usual, ...input }, fields);
}

const faults = (answer: { issues: { path: string; message: string }[] }) =>
  answer.issues?.map(({ path, message }) => `${path}: ${message}`);

describe("a campaign of coupons", () => {
  test("names its kind and template, and can be told to be another", async () => {
    const made = await draft({ issueMode: "SYSTEM" });
    expect(made).toMatchObject({ kind: "COUPON_ISSUE", channels: [], state: "DRAFT" });
    expect(atob(made.couponTemplateId)).toMatch(/^CouponTemplate:\d+$/);
    const change = { campaignId: made.id, kind: "ANNOUNCEMENT", couponTemplateId: null, channels: ["IN_APP"] };
    expect(await ada.does("updateCampaign", change, fields)).toMatchObject({
      kind: "ANNOUNCEMENT",
      couponTemplateId: null,
    });
  });

  test.each<[string, Facts, Record<string, unknown>, string]>([
    [
      "without a template",
      {},
      { couponTemplateId: null },
      "couponTemplateId: a campaign of the kind COUPON_ISSUE needs one",
    ],
    [
      "of a template that is not there",
      {},
      { couponTemplateId: idOf("CouponTemplate", 99999) },
      "couponTemplateId: there is no coupon template 99999",
    ],
    [
      "that announces and has a template",
      {},
      { kind: "ANNOUNCEMENT", channels: ["IN_APP"] },
      "couponTemplateId: an announcement gives no coupons; choose another kind",
    ],
    ["of coupons that codes give", { issueMode: "CODE" }, {}, "couponTemplateId: its coupons are given for codes only"],
    [
      "that gives what recurs",
      { recurrence: { cron: "0 10 * * *", zone: "UTC", minutes: 60 } },
      {},
      "couponTemplateId: it recurs; name one of its occurrences",
    ],
    [
      "that invites to what members cannot claim",
      { issueMode: "SYSTEM" },
      { kind: "COUPON_INVITE", channels: ["SMS"], content: invitation },
      "couponTemplateId: members cannot claim it themselves (it is not SELF_CLAIM)",
    ],
    [
      "that invites to what expires before it opens, as it could be once",
      { opensAt: Date.now() + 120_000, validTo: Date.now() + 60_000 },
      { kind: "COUPON_INVITE", channels: ["SMS"], content: invitation },
      "couponTemplateId: its coupons expire before it opens; duplicate it and say when they do not",
    ],
    [
      "that invites on no channel",
      {},
      { kind: "COUPON_INVITE" },
      "channels: at least one; only COUPON_ISSUE can do without",
    ],
  ])("%s is refused by the field that is wrong", async (_, facts, input, fault) => {
    expect(faults(await draft(facts, input))).toContain(fault);
  });

  test("may say of the coupon what its kind knows, and an invitation must say where to claim", async () => {
    const told = { channels: ["SMS"], content: [{ parts: { sms: { text: "{{ coupon.code }}" } } }] };
    expect(await draft({}, told)).toMatchObject({ state: "DRAFT" });
    const invited = await draft({}, { ...told, kind: "COUPON_INVITE" });
    expect(faults(invited)?.[0]).toContain("coupon.claimUrl");
    const silent = { kind: "COUPON_INVITE", channels: ["SMS"], content: [{ parts: { sms: { text: "Come!" } } }] };
    const { id } = await draft({}, silent);
    expect(faults(await ada.does("launchCampaign", { campaignId: id }, fields))).toEqual([
      "content.SMS.default: an invitation needs {{ coupon.claimUrl }} in one of its parts",
    ]);
  });

  test.each<[Facts, string]>([
    [{ state: "DRAFT" }, "it is still a draft; activate it first"],
    [{ state: "WITHDRAWN" }, "it has ended"],
    [{ state: "SOLD_OUT" }, "nothing is left of it; raise its stock or budget first"],
    [{ closesAt: Date.now() - 1 }, "it has ended"],
    [{ validTo: Date.now() - 1 }, "it has ended"],
  ])("is neither approved nor launched while its template gives nothing: %p", async (facts, message) => {
    const { id } = await draft(facts);
    const refused = { __typename: "InvalidInput", issues: [{ path: "couponTemplateId", message }] };
    expect(await ada.does("launchCampaign", { campaignId: id }, fields)).toMatchObject(refused);
    expect(await ada.does("submitCampaign", { campaignId: id }, fields)).toMatchObject({ state: "IN_REVIEW" });
    expect(await bob.approves(id, fields)).toMatchObject(refused);
  });

  test.each<[Facts, string]>([
    [{ closesAt: Date.now() + 60_000 }, "it closes before the campaign starts"],
    [{ validTo: Date.now() + 60_000 }, "its coupons expire before the campaign starts"],
  ])("is not launched for a time at which its template gives nothing any more: %p", async (facts, message) => {
    const { id } = await draft(facts, { startsAt: new Date(Date.now() + 120_000).toISOString() });
    const refused = { __typename: "InvalidInput", issues: [{ path: "couponTemplateId", message }] };
    expect(await ada.does("launchCampaign", { campaignId: id }, fields)).toMatchObject(refused);
  });

  test("is simulated against stock, budget, limit and audience before anything is given", async () => {
    const facts = { stock: 30, budget: 100_000, maxDiscount: 1_000, eligibility: { level: { eq: 1 } } };
    const content = [{ parts: { sms: { text: "{{ coupon.name }}" } } }];
    const { id } = await draft(facts, { channels: ["SMS"], content });
    const { simulateLaunch } = await ada.get(
      `query ($id: ID!) { simulateLaunch(campaignId: $id) { matched
        channels { channel reachable skipped { reason members } }
        coupons { members coupons left cost { amount currency } skipped { reason members } } } }`,
      { id },
    );
    expect(simulateLaunch).toEqual({
      matched: 100,
      channels: [
        {
          channel: "SMS",
          reachable: 45,
          skipped: [{ reason: "NO_COUPON", members: 55 }],
        },
      ],
      coupons: {
        members: 45,
        coupons: 30,
        left: "30",
        cost: { amount: "30000", currency: "EUR" },
        skipped: [
          { reason: "CONTROL_GROUP", members: 10 },
          { reason: "NOT_ELIGIBLE", members: 45 },
          { reason: "SOLD_OUT", members: 15 },
        ],
      },
    });
  });

  test("tells how many it gave and why others got none, for the run and for one member", async () => {
    const { id, number } = await draft({ stock: 40 });
    await ada.does("launchCampaign", { campaignId: id }, fields);
    const run = (
      await shop.ctx.db.first<{ id: number }>({ sql: "SELECT id FROM run WHERE campaign = ?", args: [number] })
    )?.id;
    await shop.becomes(run ?? 0, "COMPLETED");
    const why = (member: number) => `whyMember(runId: $run, memberId: "${idOf("Member", member)}") { ...Why }`;
    const answer = await ada.get(
      `query ($run: ID!) { run(id: $run) { progress { matched done total
        channels { channel } coupons { issued skipped cancelled
        reasons { reason members words } } } } got: ${why(20)} late: ${why(90)} }
      fragment Why on MemberWhy { summary channels { channel } coupon { state reason words } }`,
      { run: idOf("Run", run ?? 0) },
    );
    expect(answer.run.progress).toMatchObject({
      matched: 100,
      done: 100,
      total: 100,
      channels: [],
      coupons: {
        issued: 40,
        skipped: 60,
        cancelled: 0,
        reasons: [
          { reason: "SOLD_OUT", members: 50, words: "None of these coupons was left when it was the member's turn." },
          { reason: "CONTROL_GROUP", members: 10 },
        ],
      },
    });
    expect(answer.got).toEqual({
      summary: "The member got a coupon.",
      channels: [],
      coupon: { state: "SENT", reason: "", words: "The coupon was put into the member's wallet." },
    });
    expect(answer.late).toMatchObject({ summary: "The member did not get it.", coupon: { reason: "SOLD_OUT" } });
  });

  test("nobody can claim with what a preview shows, and it says who would not be invited", async () => {
    const invite = { kind: "COUPON_INVITE", channels: ["SMS"], content: invitation };
    const { id, couponTemplateId } = await draft({}, invite);
    const { previewContent } = await ada.get(
      `query ($id: ID!) {
        previewContent(campaignId: $id, memberId: "${idOf("Member", 20)}", channel: SMS) { skipped parts { text } } }`,
      { id },
    );
    const link = previewContent.parts[0].text.slice("Ten off: ".length);
    expect(link).toMatch(/\/c\/[0-9a-z-]+$/);
    for (const method of ["GET", "POST"]) expect((await fetch(link, { method })).status).toBe(404);
    const template = Number(atob(couponTemplateId).split(":")[1]);
    const own = claimUrl(shop.ctx, { template, member: 20, until: shop.ctx.clock() + 60_000 });
    expect((await fetch(own, { method: "POST" })).status).toBe(200);
    const held = await shop.ctx.db.first<{ id: number }>(sql`
      SELECT id FROM coupon WHERE member = 20 AND template = ${template}`);
    const node = (field: string) => `{ node(id: "${idOf("Coupon", held?.id ?? 0)}") { ... on Coupon { ${field} } } }`;
    const vic = await hire(shop, "vic", "viewer");
    expect([(await vic.ask(node("state"))).code, (await vic.ask(node("code"))).code]).toEqual([undefined, "FORBIDDEN"]);
    const again = await ada.get(
      `query ($id: ID!) {
        previewContent(campaignId: $id, memberId: "${idOf("Member", 20)}", channel: SMS) { skipped } }`,
      { id },
    );
    expect(again.previewContent.skipped).toBe("The member holds this coupon already and needs no invitation.");
  });
});

test("the channels that members consent to and campaigns choose know nothing of coupons", async () => {
  const { __type } = await ada.get(`{ __type(name: "Channel") { enumValues { name } } }`);
  expect(__type.enumValues.map(({ name }: { name: string }) => name).sort()).toEqual([...channelNames].sort());
  expect(channelNames.filter((name) => /COUPON/.test(name))).toEqual([]);
});
