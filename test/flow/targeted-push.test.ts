import { afterAll, beforeAll, expect, test } from "bun:test";
import { fireDue } from "../../src/schedule/fire.ts";
import { planAhead } from "../../src/schedule/plan-ahead.ts";
import { askAs, dataOf, memberEnv } from "../support/ask.ts";
import { hire, type Operator } from "../support/operators.ts";
import { refusalsOf } from "../support/refusals.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

// From a filter to a redeemed coupon: everything that is done or read here goes through the API, but for the clock.

let shop: Shop;
let eve: Operator;
beforeAll(async () => {
  shop = await openShop({ env: memberEnv });
  eve = await hire(shop, "Eve", "editor");
  await shop.members(8, { level: "i % 4" });
});
afterAll(closeShops);

const says = async (mutation: string, type: string, input: unknown, fields: string) => {
  const name = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
  const text = `mutation ($input: ${name}!) { ${mutation}(input: $input) {
    ... on ${type} { ${fields} } ${refusalsOf(mutation)} } }`;
  return (await eve.get(text, { input }))[mutation];
};

async function offered(name: string): Promise<string> {
  const input = { name, currency: "EUR", discount: { instant: { off: "1000" } }, stock: "100", validity: { days: 30 } };
  const { id } = await says("createCouponTemplate", "CouponTemplate", input, "id");
  await says("activateCouponTemplate", "CouponTemplate", { templateId: id }, "state");
  return id;
}

const push = (couponTemplateId: string, more: object) =>
  says(
    "pushCoupon",
    "PushedCoupon",
    {
      couponTemplateId,
      audience: { filter: { level: { gte: 2 } } },
      channels: ["IN_APP", "EMAIL"],
      invite: true,
      ...more,
    },
    "campaign { id state schedule { next(first: 3) { at } } } members",
  );

const campaignIs = async (id: string) =>
  (await eve.get("query ($id: ID!) { campaign(id: $id) { state runs(first: 9) { nodes { id state } } } }", { id }))
    .campaign;
const funnelOf = async (id: string) =>
  (
    await eve.get(
      `query ($id: ID!) { campaign(id: $id) { funnel { ...all } runs(first: 1) { nodes { funnel { ...all } } } } }
       fragment all on Funnel { matched sent opened clicked claimed redeemed }`,
      { id },
    )
  ).campaign;

/** The member opens the inbox, takes what the message offers, and pays with it. */
async function walks(member: number, orderId: string): Promise<void> {
  const inbox = dataOf(await askAs(shop, member, "query { myInbox(first: 1) { nodes { id url } } }")).myInbox.nodes[0];
  const read = "mutation ($id: ID!) { markRead(input: { messageId: $id }) { ... on InboxMessage { readAt } } }";
  expect(dataOf(await askAs(shop, member, read, { id: inbox.id })).markRead.readAt).toBeTruthy();
  const claim = "mutation ($token: String!) { claimByLink(input: { token: $token }) { ... on Coupon { id } } }";
  const token = inbox.url.split("/c/")[1];
  const coupon = dataOf(await askAs(shop, member, claim, { token })).claimByLink.id;
  const lines = [{ id: "1", goods: "shirt", categories: [], unitPrice: "5000", quantity: 1 }];
  const lock = { orderId, externalId: `x${member}`, couponIds: [coupon], cart: { currency: "EUR", lines } };
  expect(await says("lockCoupons", "CouponOrder", lock, "state")).toMatchObject({ state: "LOCKED" });
  expect(await says("redeemCoupons", "CouponOrder", { orderId }, "state")).toMatchObject({ state: "REDEEMED" });
}

test("at once: from a filter to a redeemed coupon", async () => {
  const { campaign, members } = await push(await offered("Ten off"), {});
  expect([campaign.state, members]).toEqual(["ACTIVE", 4]);
  await until(async () => (await campaignIs(campaign.id)).state === "ENDED");
  await walks(2, "at-once");
  const funnel = { matched: 4, sent: 4, opened: 1, clicked: 1, claimed: 1, redeemed: 1 };
  expect(await funnelOf(campaign.id)).toEqual({ funnel, runs: { nodes: [{ funnel }] } });
});

test("on a schedule: each time is a run with a funnel of its own, and those who hold one are spared", async () => {
  const minute = 60_000;
  const from = new Date(shop.ctx.clock() + minute).toISOString();
  const last = new Date(shop.ctx.clock() + 3 * minute).toISOString();
  const schedule = { recurrence: { spread: { from, until: last, count: 2 } }, zone: "Europe/Berlin" };
  const { campaign } = await push(await offered("Twice"), { schedule });
  expect(campaign.schedule.next.map(({ at }: { at: string }) => Date.parse(at))).toEqual([
    Date.parse(from),
    Date.parse(last),
  ]);
  const passes = async (ms: number, runs: number) => {
    shop.pass(ms);
    await planAhead(shop.ctx);
    await fireDue(shop.ctx);
    await shop.sweep();
    await until(async () => {
      const { nodes } = (await campaignIs(campaign.id)).runs;
      return nodes.length === runs && nodes.every(({ state }: { state: string }) => state === "COMPLETED");
    });
  };
  await passes(minute + 1_000, 1);
  await walks(3, "scheduled");
  await passes(2 * minute, 2);
  const { funnel, runs } = await funnelOf(campaign.id);
  const [second] = runs.nodes;
  expect(second.funnel).toEqual({ matched: 4, sent: 3, opened: 0, clicked: 0, claimed: 0, redeemed: 0 });
  expect(funnel).toEqual({ matched: 8, sent: 7, opened: 1, clicked: 1, claimed: 1, redeemed: 1 });
});
