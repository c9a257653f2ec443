import { afterAll, beforeAll, expect, test } from "bun:test";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import { createSegment } from "../../src/member/segment.ts";
import { createPromotion } from "../../src/promotion/promotion.ts";
import { askAs, dataOf, memberEnv } from "../support/ask.ts";
import { addTemplate } from "../support/coupons.ts";
import { hire, idOf, type Operator } from "../support/operators.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";

let shop: Shop;
let [vic, edith]: Operator[] = [];
let [template, free, used, run] = [0, 0, 0, 0];
const cart = { currency: "EUR", lines: [{ id: "l", goods: "g", unitPrice: 9_000, quantity: 1 }] };

beforeAll(async () => {
  shop = await openShop({ env: memberEnv });
  await shop.members(20, { email: "CASE WHEN i % 4 = 0 THEN NULL ELSE 'u' || i || '@shop.test' END" });
  [vic, edith] = [await hire(shop, "Vic", "viewer"), await hire(shop, "Edith", "editor")];
  const { ctx } = shop;
  template = (await addTemplate(ctx, { issueMode: "SYSTEM", codeMode: "ON_CLAIM", codePrefix: "SORRY", perMember: 3 }))
    .id;
  const give = async (idempotencyKey: string) =>
    accepted(await issueCoupon(ctx, { template, member: { seq: 3 }, idempotencyKey })).id;
  [free, used] = [await give("a"), await give("b")];
  accepted(await lockCoupons(ctx, { orderId: "web-17", member: { seq: 3 }, cart, couponIds: [used] }));
  accepted(await redeemCoupons(ctx, { orderId: "web-17" }));
  run = await shop.launched({ channels: ["IN_APP", "EMAIL"], name: "Spring" });
  await shop.becomes(run, "COMPLETED");
});
afterAll(closeShops);

const who = `(externalId: "x3")`;

test("her coupons, her orders, what she was sent and what lies in her inbox are on one page", async () => {
  const { member } = await edith!.get(`{ member${who} {
    coupons(first: 5) { totalCount nodes { id state code source usedAt discount { text } order { orderId }
      member { externalId } template { name } } }
    free: coupons(state: AVAILABLE, order: ENDING) { nodes { id } }
    orders(state: REDEEMED) { totalCount nodes { orderId state quote { pay { text } } } }
    sends(channel: EMAIL) { nodes { channel state reason words run { number campaign { name } } } }
    inbox { nodes { readAt deletedAt run { number } text { title body url } } }
  } }`);
  const { coupons, orders, sends, inbox } = member;
  expect(coupons.totalCount).toBe(2);
  const [spent, unused] = coupons.nodes;
  expect(spent).toMatchObject({ id: idOf("Coupon", used), state: "USED", source: "ISSUE", discount: { text: "€10" } });
  expect(spent).toMatchObject({ order: { orderId: "web-17" }, member: { externalId: "x3" } });
  expect(unused).toMatchObject({ id: idOf("Coupon", free), usedAt: null, order: null, discount: null });
  expect(member.free.nodes).toEqual([{ id: unused.id }]);
  expect(orders).toMatchObject({ totalCount: 1, nodes: [{ orderId: "web-17", quote: { pay: { text: "€80" } } }] });
  const from = { number: run, campaign: { name: "Spring" } };
  expect(sends.nodes).toEqual([
    { channel: "EMAIL", state: "SENT", reason: "", words: expect.stringContaining("provider took it"), run: from },
  ]);
  const text = { title: "Hi x3", body: "News", url: null };
  expect(inbox.nodes).toEqual([{ readAt: null, deletedAt: null, run: { number: run }, text }]);
  const { couponByCode } = await edith!.get(`query ($code: String!) { couponByCode(code: $code) { id } }`, {
    code: unused.code.toLowerCase().replace("-", " "),
  });
  expect(couponByCode).toEqual({ id: unused.id });
});

test("who failed in a run, and why, in words, with the person", async () => {
  const { run: found } = await vic!.get(
    `query ($id: ID!) { run(id: $id) { sends(channel: EMAIL, reason: "NO_ADDRESS", first: 2) {
      totalCount nodes { state words member { externalId } } pageInfo { hasNextPage } } } }`,
    { id: idOf("Run", run) },
  );
  expect(found.sends).toMatchObject({ totalCount: 5, pageInfo: { hasNextPage: true } });
  const words = expect.stringContaining("address");
  expect(found.sends.nodes).toEqual([
    { state: "SKIPPED", words, member: { externalId: "x4" } },
    { state: "SKIPPED", words, member: { externalId: "x8" } },
  ]);
});

test("a viewer reads the lists, but neither codes nor what messages say, and takes nothing back", async () => {
  const { body } = await vic!.ask(`{ member${who} {
    coupons { nodes { id code } } inbox { nodes { at text { title } } } } }`);
  expect(body.data.member.coupons.nodes[0]).toEqual({ id: idOf("Coupon", used), code: null });
  expect(body.data.member.inbox.nodes[0]).toMatchObject({ at: expect.any(String), text: null });
  expect(body.errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).toEqual(
    Array(3).fill("FORBIDDEN"),
  );
  expect((await vic!.ask(`{ couponByCode(code: "SORRY") { id } }`)).code).toBe("FORBIDDEN");
  expect(await withdraw(vic!, free)).toMatchObject({ __typename: "Forbidden" });
});

const withdraw = async (operator: Operator, coupon: number, reason = "a mistake") =>
  (
    await operator.get(
      `mutation ($input: WithdrawCouponInput!) { withdrawCoupon(input: $input) { __typename
        ... on Coupon { state member { externalId } history { what actor reason } }
        ... on WrongState { currentState message } } }`,
      { input: { couponId: idOf("Coupon", coupon), reason } },
    )
  ).withdrawCoupon;

test("one coupon is taken back with a reason: she has it no more, and its template says so", async () => {
  const mine = `{ myCoupons(status: AVAILABLE) { nodes { id } } }`;
  expect(dataOf(await askAs(shop, 3, mine)).myCoupons.nodes).toEqual([{ id: idOf("Coupon", free) }]);
  expect(await withdraw(edith!, used)).toMatchObject({ __typename: "WrongState", currentState: "USED" });
  expect(await withdraw(edith!, free)).toMatchObject({
    state: "WITHDRAWN",
    member: { externalId: "x3" },
    history: [{ what: "WITHDRAWN", actor: "operator Edith", reason: "a mistake" }],
  });
  expect(dataOf(await askAs(shop, 3, mine)).myCoupons.nodes).toEqual([]);
  const { couponTemplate } = await vic!.get(
    `query ($id: ID!) { couponTemplate(id: $id) {
      taken: coupons(state: WITHDRAWN, source: ISSUE) { nodes { id } }
      used: coupons(state: USED, externalId: "x3") { nodes { id } } } }`,
    { id: idOf("CouponTemplate", template) },
  );
  expect(couponTemplate).toEqual({
    taken: { nodes: [{ id: idOf("Coupon", free) }] },
    used: { nodes: [{ id: idOf("Coupon", used) }] },
  });
});

test("an order is found by the beginning of its id, by member, state and day", async () => {
  const { couponOrders } = await vic!.get(`{ couponOrders(orderIdPrefix: "web-", externalId: "x3", state: REDEEMED,
    since: "2020-01-01T00:00:00Z") { totalCount nodes { orderId member { externalId } } } }`);
  expect(couponOrders).toEqual({ totalCount: 1, nodes: [{ orderId: "web-17", member: { externalId: "x3" } }] });
  const none = await vic!.ask(`{ couponOrders(externalId: "nobody") { nodes { orderId } } }`);
  expect(none.code).toBe("NOT_FOUND");
});

test("templates, promotions and segments are searched by name, in order and counted; runs by state", async () => {
  const { ctx } = shop;
  const names = ["tea for two", "Cups", "Green TEA"];
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 1, off: 1 }] } as const;
  for (const name of names) {
    await addTemplate(ctx, { name });
    accepted(await createPromotion(ctx, { name, currency: "EUR", rule }));
    accepted(await createSegment(ctx, { name, filter: { level: { gte: 1 } } }));
  }
  const found = { totalCount: 2, nodes: [{ name: "Green TEA" }, { name: "tea for two" }] };
  const args = `(search: "tea", order: NAME) { totalCount nodes { name } }`;
  expect(
    await vic!.get(`{ couponTemplates${args} promotions${args} segments${args} findMembers(text: "u3@") { email } }`),
  ).toEqual({ couponTemplates: found, promotions: found, segments: found, findMembers: [{ email: "u3@shop.test" }] });
  const one = `(search: "tea", order: OLDEST, first: 1) { nodes { name } pageInfo { endCursor } }`;
  const { couponTemplates } = await vic!.get(`{ couponTemplates${one} }`);
  expect(couponTemplates.nodes).toEqual([{ name: "tea for two" }]);
  const more = `(search: "tea", order: OLDEST, after: "${couponTemplates.pageInfo.endCursor}") { nodes { name } }`;
  expect((await vic!.get(`{ couponTemplates${more} }`)).couponTemplates.nodes).toEqual([{ name: "Green TEA" }]);
  const { runs } = await vic!.get(`{ runs(state: COMPLETED) { totalCount nodes { number } } }`);
  expect(runs).toEqual({ totalCount: 1, nodes: [{ number: run }] });
  expect((await vic!.get(`{ runs(state: FAILED) { totalCount } }`)).runs).toEqual({ totalCount: 0 });
});
