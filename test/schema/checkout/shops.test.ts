import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createToken } from "../../../src/operations/token.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { ordersOf } from "../../support/orders.ts";
import { refusalsOf, titleOf } from "../../support/refusals.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";
import { type Belongings, cartOfShops, companyOf, nothing } from "../../support/shops.ts";

let shop: Shop;
let company: Awaited<ReturnType<typeof companyOf>>;
let ann: Operator;
let boss: Operator;
let token: string;
beforeAll(async () => {
  shop = await openShop({ env: { REDIS_URL: "" } });
  company = await companyOf(await ordersOf(shop.ctx));
  [ann, boss] = [await hire(shop, "Ann", "admin", "a"), await hire(shop, "Boss", "admin")];
  const made = await createToken(shop.ctx, { kind: "operator", name: "Ann", role: "admin", shop: "a" });
  token = accepted(made).token;
});
afterAll(closeShops);

const order = (ids: Belongings) => ({ orderId: ids.orderId });
const one = (ids: Belongings) => ({ templateId: idOf("CouponTemplate", ids.template) });
const draft = (ids: Belongings) => ({ templateId: idOf("CouponTemplate", ids.draft) });
const pooled = (ids: Belongings) => ({ templateId: idOf("CouponTemplate", ids.pooled) });
const pool = (ids: Belongings) => ({ poolId: idOf("CodePool", ids.pool) });

/** Every mutation that names a template, a pool, a coupon or an order, and what of it must be said. */
const mutations: Readonly<Record<string, (ids: Belongings) => object>> = {
  updateCouponTemplate: (ids) => ({ ...one(ids), name: "Mine" }),
  duplicateCouponTemplate: one,
  activateCouponTemplate: draft,
  approveCouponTemplate: (ids) => ({ ...draft(ids), version: "0" }),
  endCouponTemplate: one,
  withdrawCouponTemplate: one,
  changeCouponStock: (ids) => ({ ...one(ids), stock: "5" }),
  changeCouponBudget: (ids) => ({ ...one(ids), budget: null }),
  createCodePool: (ids) => ({ ...pooled(ids), codes: 1, idempotencyKey: `k${ids.pooled}` }),
  pauseCodePool: pool,
  resumeCodePool: pool,
  cancelCodePool: pool,
  issueCoupon: (ids) => ({ ...one(ids), externalId: "x1", idempotencyKey: `k${ids.template}` }),
  withdrawCoupon: (ids) => ({ couponId: idOf("Coupon", ids.coupon), reason: "r" }),
  redeemCoupons: (ids) => ({ orderId: ids.locked }),
  releaseCoupons: (ids) => ({ orderId: ids.locked }),
  completeOrder: order,
  refundOrder: (ids) => ({ ...order(ids), refundId: "r", policy: "KEEP" }),
};

/** Every question that names one. */
const questions: Readonly<Record<string, (ids: Belongings) => string>> = {
  ...Object.fromEntries(
    (["CouponTemplate", "CodePool", "Coupon", "CouponOrder"] as const).map((type) => [
      `node of ${type}`,
      (ids: Belongings) => {
        const row = { CouponTemplate: ids.template, CodePool: ids.pool, Coupon: ids.coupon, CouponOrder: ids.order }[
          type
        ];
        return `{ node(id: "${idOf(type, row)}") { __typename id } }`;
      },
    ]),
  ),
  couponTemplate: (ids) => `{ couponTemplate(id: "${one(ids).templateId}") { name } }`,
  couponConservation: (ids) => `{ couponConservation(templateId: "${one(ids).templateId}") { issued } }`,
  simulateCouponTemplate: (ids) => `{ simulateCouponTemplate(templateId: "${one(ids).templateId}") { eligible } }`,
  codePool: (ids) => `{ codePool(id: "${pool(ids).poolId}") { state } }`,
  codePools: (ids) => `{ codePools(templateId: "${pooled(ids).templateId}") { nodes { id } } }`,
  couponByCode: (ids) => `{ couponByCode(code: "${ids.code}") { id } }`,
  couponOrder: (ids) => `{ couponOrder(orderId: "${ids.orderId}") { state } }`,
  couponOrders: (ids) => `{ couponOrders(orderIdPrefix: "${ids.orderId}") { totalCount nodes { orderId } } }`,
  "couponTemplates of a shop": (ids) => `{ couponTemplates(shop: "${ids.shop}") { totalCount nodes { name } } }`,
  "codePools of a shop": (ids) => `{ codePools(shop: "${ids.shop}") { nodes { id } } }`,
  "couponOrders of a shop": (ids) => `{ couponOrders(shop: "${ids.shop}") { totalCount nodes { orderId } } }`,
  shopFigures: (ids) => `{ shopFigures(shop: "${ids.shop}") { shop counts { name value } } }`,
  "a member's coupons": (ids) =>
    `{ member(externalId: "x2") { coupons(templateId: "${one(ids).templateId}") { totalCount nodes { id } } } }`,
};

/** What was said, without the ids that were asked for, and where and when it was. */
function without(said: unknown, ids: Belongings): string {
  const { shop: _, ...named } = ids;
  const known = Object.values(named).map((id) => `\\b${id}\\b`);
  const text = JSON.stringify(said, (name, value) => (/^(requestId|locations)$/.test(name) ? undefined : value));
  return text.replaceAll(new RegExp(known.join("|"), "g"), "<it>");
}

describe("of what another shop has and of what was never made, the API says the same", () => {
  const same = async (ask: (ids: Belongings) => Promise<unknown>) => {
    const before = await company.rows();
    const asked = [nothing, company.own.b].map(async (ids) => without(await ask(ids), ids));
    const [never = "", others] = await Promise.all(asked);
    expect(others).toBe(never);
    expect(await company.rows()).toEqual(before);
    return never;
  };

  test.each(Object.entries(questions))("asked by %s", async (_, question) => {
    await same(async (ids) => (await ann.ask(question(ids))).body);
  });

  test.each(Object.entries(mutations))("told to %s", async (name, input) => {
    const query = `mutation ($input: ${titleOf(name)}Input!) {
      ${name}(input: $input) { __typename ${refusalsOf(name)} } }`;
    const said = await same(async (ids) => (await ann.ask(query, { input: input(ids) })).body);
    expect(said).toContain('"refusal":"NOT_FOUND"');
  });

  test("watching a pool, sending codes, taking codes out", async () => {
    const watched = "subscription ($poolId: ID!) { codePoolProgress(poolId: $poolId) { done } }";
    expect(await same((ids) => ann.watches(watched, pool(ids)))).toContain("NOT_FOUND");
    const headers = { authorization: `Bearer ${token}`, "content-type": "text/csv" };
    const send = async (ids: Belongings) => {
      const url = `${shop.app.url}/code-pools?template=${encodeURIComponent(pooled(ids).templateId)}`;
      const answer = await fetch(url, { method: "POST", headers, body: "GUESSED-12345\n" });
      return [answer.status, await answer.json()];
    };
    expect(await same(send)).toContain("404");
    const take = async (ids: Belongings) => {
      const answer = await fetch(`${shop.app.url}/code-pools/${pool(ids).poolId}/codes.csv`, { headers });
      return [answer.status, await answer.text().then((text) => text.replace(/"requestId":"[^"]*"/, ""))];
    };
    expect(await same(take)).toContain("404");
    expect((await take(company.own.a))[0]).toBe(200);
    expect((await send(company.own.a))[0]).toBe(200);
  });
});

test("the desk of a shop sees a member's coupons and orders as far as they are the shop's", async () => {
  const { own } = company;
  const query = `{ member(externalId: "x1") {
    coupons { totalCount nodes { id template { name } member { externalId } order { orderId shop } givenFor } }
    orders { totalCount nodes { orderId shop quote { pay { amount } couponDiscount { amount } coupons { couponId } } } }
  } }`;
  const [shops, all] = [(await ann.get(query)).member, (await boss.get(query)).member];
  expect(shops.orders.nodes).toMatchObject([{ orderId: own.a.orderId, shop: "a" }]);
  expect([all.orders.totalCount, all.coupons.totalCount]).toEqual([3, 3]);
  expect(shops.coupons).toEqual({
    totalCount: 1,
    nodes: all.coupons.nodes.filter((each: { order: { shop: string } }) => each.order.shop === "a"),
  });
  const told = await boss.get(`{ shopFigures { shop counts { name value } amounts { name value { text } } } }`);
  expect(
    (await ann.get(`{ shopFigures { shop counts { name value } amounts { name value { text } } } }`)).shopFigures,
  ).toEqual(told.shopFigures.filter((each: { shop: string }) => each.shop === "a"));
  expect(told.shopFigures[1].counts).toContainEqual({ name: "COUPONS_USED", value: "1" });
});

test("what an order was given for is told where that order is", async () => {
  const { own } = company;
  const give = async (source: string) => {
    const input = { ...one(own.a), externalId: "x9", source, idempotencyKey: source };
    const query = `mutation ($input: IssueCouponInput!) { issueCoupon(input: $input) { ... on Coupon { givenFor } } }`;
    return (await ann.get(query, { input })).issueCoupon.givenFor;
  };
  expect(await give("person/Ann")).toBe("person/Ann");
  expect(await give(`order/${own.a.orderId}`)).toBe(`order/${own.a.orderId}`);
  expect(await give(`order/${own.b.orderId}`)).toBeNull();
});

test("carts are priced and held by those who work for all shops", async () => {
  const cart = {
    currency: "EUR",
    lines: cartOfShops("a").lines.map((line) => ({ ...line, unitPrice: String(line.unitPrice) })),
  };
  const quote = `query ($cart: CartInput!) { quoteCartFor(externalId: "x1", cart: $cart) { pay { amount } } }`;
  const refused = await ann.ask(quote, { cart });
  expect(refused.body.errors?.[0]?.extensions).toMatchObject({ code: "FORBIDDEN" });
  expect((await boss.get(quote, { cart })).quoteCartFor.pay.amount).toBe("3000");
  const input = { orderId: "by hand", externalId: "x1", cart, couponIds: [] };
  const lock = `mutation ($input: LockCouponsInput!) {
    lockCoupons(input: $input) { __typename ... on CouponOrder { shop } } }`;
  expect((await ann.get(lock, { input })).lockCoupons.__typename).toBe("Forbidden");
  expect((await boss.get(lock, { input })).lockCoupons.shop).toBe("a");
});
