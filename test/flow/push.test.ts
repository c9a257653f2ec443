import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { channelNames } from "../../src/channels/catalog.ts";
import type { MemberContext } from "../../src/context.ts";
import { myCoupons } from "../../src/coupon/wallet/wallet.ts";
import { addTemplate } from "../support/coupons.ts";
import { hire, idOf, type Operator } from "../support/operators.ts";
import { closeShops, openShop, runOfCampaign, type Shop } from "../support/shop.ts";

/** "This coupon to these people, by this channel" over HTTP, from the one mutation to wallet and letter. */

let shop: Shop;
let [ed, ada]: Operator[] = [];
const hour = 3_600_000;

beforeAll(async () => {
  // Whatever the queue brings comes twice.
  const deliver = async (request: Request) => {
    await fetch(request.clone());
    return fetch(request);
  };
  shop = await openShop({ deliver, env: { APPROVAL_ABOVE: "3" } });
  await shop.members(5, { level: "1 + (i > 3)" });
  [ed, ada] = await Promise.all([hire(shop, "Ed", "editor"), hire(shop, "Ada", "approver")]);
});
afterAll(closeShops);

const three = { filter: { level: { eq: 1 } } };
const own = [
  { parts: { email: { subject: "{{ coupon.name }}", html: "<b>{{ coupon.code }}</b>" } } },
  { parts: { inApp: { title: "{{ coupon.name }}", body: "In your wallet" } } },
];
const fields = "campaign { id number state } members needsApproval";
const template = async (more: object = {}) =>
  (await addTemplate(shop.ctx, { issueMode: "SYSTEM", codeMode: "ON_CLAIM", ...more })).id;
const push = (coupon: number, more: object = {}, asked = fields) =>
  ed!.does(
    "pushCoupon",
    {
      couponTemplateId: idOf("CouponTemplate", coupon),
      audience: three,
      channels: ["EMAIL", "IN_APP"],
      content: own,
      ...more,
    },
    asked,
  );
const runOf = (campaign: { number: number }) => runOfCampaign(shop.ctx.db, campaign.number);

/** What a member holds of a template, and what letter of a run came with it. */
async function has(seq: number, coupon: number, run: number) {
  const ctx: MemberContext = { ...shop.ctx, actor: { kind: "member", seq, id: `m${seq}` } };
  const held = (await myCoupons(ctx, { status: "AVAILABLE", limit: 9 })).filter(({ template }) => template === coupon);
  const letters = shop.ctx.sandbox.list({ ref: `${run}:${seq}` }).deliveries;
  expect(letters.map(({ parts }) => parts.html?.match(/<b>(.*)<\/b>/)?.[1])).toEqual(
    held.map(({ code }) => code ?? ""),
  );
  return { coupons: held.length, letters: letters.length };
}

const got = { coupons: 1, letters: 1 };
const none = { coupons: 0, letters: 0 };

test("now: one mutation answers how many, and each of them has the coupon and its letter, once", async () => {
  const coupon = await template();
  const key = { idempotencyKey: "sorry" };
  const pushed = await push(coupon, key);
  expect(pushed).toMatchObject({ __typename: "PushedCoupon", members: 3, campaign: { state: "ACTIVE" } });
  expect(await push(coupon, key)).toEqual(pushed);
  const run = await runOf(pushed.campaign);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "COUPON SENT": 3, "EMAIL SENT": 3, "IN_APP SENT": 3 });
  for (const seq of [1, 2, 3]) expect(await has(seq, coupon, run)).toEqual(got);
  expect(await has(4, coupon, run)).toEqual(none);
  expect(await shop.faults(run)).toEqual([]);
});

test("at a time, which was wrong and is moved by one mutation: then, and not before", async () => {
  const coupon = await template();
  const at = (ms: number) => ({ startsAt: new Date(shop.ctx.clock() + ms).toISOString() });
  const { campaign } = await push(coupon, at(hour));
  const run = await runOf(campaign);
  const moved = await ed!.does("updateCampaign", { campaignId: campaign.id, ...at(3 * hour) }, "state");
  expect(moved).toMatchObject({ state: "ACTIVE" });
  shop.pass(2 * hour);
  await shop.sweep();
  expect([await shop.state(run), await has(1, coupon, run)]).toEqual(["PENDING", none]);
  shop.pass(hour + 1_000);
  await shop.becomes(run, "COMPLETED");
  for (const seq of [1, 2, 3]) expect(await has(seq, coupon, run)).toEqual(got);
  expect(await shop.faults(run)).toEqual([]);
});

test("to more than need no approval: tried, it says so; pushed, its approval is all that it waits for", async () => {
  const coupon = await template({ stock: 4 });
  const all = { audience: { everyone: true } };
  const tried = `campaign { id } members needsApproval content { channel locale }
    simulation { matched channels { channel reachable } coupons { members left } }`;
  expect(await push(coupon, { ...all, dryRun: true }, tried)).toMatchObject({
    campaign: null,
    members: 5,
    needsApproval: true,
    content: [
      { channel: "EMAIL", locale: "default" },
      { channel: "IN_APP", locale: "default" },
    ],
    simulation: {
      matched: 5,
      channels: [
        { channel: "EMAIL", reachable: 5 },
        { channel: "IN_APP", reachable: 5 },
      ],
      coupons: { members: 5, left: "4" },
    },
  });
  const { campaign } = await push(coupon, all, `${fields} simulation { matched }`);
  expect(campaign).toMatchObject({ state: "IN_REVIEW" });
  expect(await ada!.approves(campaign.id, "state launchWhenApproved")).toMatchObject({ state: "ACTIVE" });
  const run = await runOf(campaign);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toMatchObject({ "COUPON SENT": 4, "COUPON SKIPPED SOLD_OUT": 1, "EMAIL SENT": 4 });
  expect([await has(4, coupon, run), await has(5, coupon, run)]).toEqual([got, none]);
});

test("with no words of its own it says the house's, on every channel, in the reader's language and money", async () => {
  await shop.ctx.db.write([sql`UPDATE member SET locale = 'zh-CN' WHERE seq = 2`]);
  for (const invite of [false, true]) {
    const coupon = await template(invite ? { issueMode: "SELF_CLAIM", stock: 9 } : {});
    const said = { content: null, channels: [...channelNames], invite };
    const { campaign, content } = await push(coupon, said, `${fields} content { channel locale }`);
    expect(content).toEqual(
      channelNames.flatMap((channel) => ["default", "zh"].map((locale) => ({ channel, locale }))),
    );
    const run = await runOf(campaign);
    await shop.becomes(run, "COMPLETED");
    const letters = [1, 2].map((seq) =>
      shop.ctx.sandbox.list({ ref: `${run}:${seq}`, channel: "EMAIL" }).deliveries.map(({ parts }) => parts),
    );
    const [yours, other] = invite ? ["is waiting for you", "待您领取"] : ["is yours", "已到账"];
    expect(letters).toMatchObject([
      [{ subject: `Ten off ${yours}`, html: expect.stringContaining("€10") }],
      [{ subject: `Ten off ${other}`, html: expect.stringContaining("€10") }],
    ]);
    expect(await shop.faults(run)).toEqual([]);
  }
});

test("a copy is made, changed and thrown away; what is launched is not thrown away", async () => {
  const { campaign } = await push(await template(), { startsAt: "2099-01-01T00:00:00Z" });
  const campaignId = campaign.id;
  const copy = await ed!.does("duplicateCampaign", { campaignId, name: "Again" }, "id name state startsAt kind");
  const said = { name: "Again", state: "DRAFT", startsAt: "2099-01-01T00:00:00.000Z", kind: "COUPON_ISSUE" };
  expect(copy).toMatchObject(said);
  expect(await ed!.does("deleteCampaign", { campaignId: copy.id }, "name")).toMatchObject({ name: "Again" });
  expect((await ed!.get("query ($id: ID!) { campaign(id: $id) { id } }", { id: copy.id })).campaign).toBeNull();
  const kept = await ed!.does("deleteCampaign", { campaignId });
  expect(kept).toMatchObject({ __typename: "WrongState", currentState: "ACTIVE" });
  expect(await ed!.does("returnCampaignToDraft", { campaignId }, "state")).toMatchObject({ state: "DRAFT" });
  expect(await ed!.does("deleteCampaign", { campaignId }, "state")).toMatchObject({ __typename: "Campaign" });
});
