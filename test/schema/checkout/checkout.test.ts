import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { settleRewards } from "../../../src/checkout/giving/settle-rewards.ts";
import { findOrder } from "../../../src/checkout/order/order.ts";
import { dataOf } from "../../support/ask.ts";
import { addTemplate } from "../../support/coupons.ts";
import { serveGraphql, testContext } from "../../support/graphql.ts";
import { amountsOf } from "../../support/money.ts";
import { idOf } from "../../support/operators.ts";
import { refusalsOf, titleOf } from "../../support/refusals.ts";
import { addCouponPromotion } from "../../support/rewards.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let shop: string;
let kim: string;
beforeAll(async () => {
  api = await serveGraphql();
  shop = await api.token({ kind: "service", name: "shop", scopes: ["orders:write"] });
  kim = await api.member("kim");
  await api.member("lou");
});
afterAll(() => api.stop());

/** A coupon of 10.00 of this member, as an id. */
async function coupon(member = 1, facts: Parameters<typeof addTemplate>[1] = {}): Promise<string> {
  const { id } = await addTemplate(api, facts);
  const [result] = await api.db.write([
    sql`INSERT INTO coupon (member, template, number, source, at, valid_from)
      VALUES (${member}, ${id}, 1, 'CLAIM', 0, 0) RETURNING id`,
  ]);
  return idOf("Coupon", Number(result?.rows[0]?.id));
}

const cart = {
  currency: "EUR",
  lines: [
    { id: "tea", goods: "tea", categories: ["drinks"], unitPrice: "2000", quantity: 2 },
    { id: "cup", goods: "cup", unitPrice: "1001", quantity: 1 },
  ],
};

const quoteFields = `currency goods { amount } promotionDiscount { amount } couponDiscount { amount }
  pay { amount } complete
  lines { id amount { amount } promotions { amount } coupons { amount } pay { amount } }
  promotions { promotionId name discount { amount } lines { line discount { amount } } }
  coupons { couponId name discount { amount } lines { line discount { amount } } }
  leftOut { couponId reason missing { amount } } leftOutPromotions { promotionId name reason missing { amount } }
  earned { promotionId name couponTemplateId points }`;
const orderFields = `orderId state lockedAt lockedUntil redeemedAt completedAt endedAt refunded { amount }
  refunds { refundId amount { amount } } quote { pay { amount } coupons { couponId discount { amount } } }`;
const results: Readonly<Record<string, string>> = {
  refundOrder: `OrderRefund { order { state refunded { amount } } refund { refundId policy amount { amount }
    lines { line amount { amount } } givenBackIds at } }`,
};

async function does(mutation: string, input: object, token = shop) {
  const query = `mutation ($input: ${titleOf(mutation)}Input!) { ${mutation}(input: $input) { __typename
    ... on ${results[mutation] ?? `CouponOrder { id ${orderFields} }`}
    ${refusalsOf(mutation)} } }`;
  return amountsOf(dataOf(await api.ask("graphql", query, { token, variables: { input } }))[mutation]);
}

const lock = (coupons: readonly string[], more: object = {}) =>
  does("lockCoupons", { orderId: "A-1", externalId: "kim", cart, couponIds: coupons, ...more });

test("a member's cart is quoted with the best of the member's own coupons, on /app", async () => {
  const [mine, theirs] = [await coupon(), await coupon(2)];
  const cups = await coupon(1, { conditions: { goods: { include: ["pot"] } }, name: "Pots" });
  const { id: gift } = await addTemplate(api, { issueMode: "SYSTEM" });
  await api.db.write([
    sql`INSERT INTO promotion (name, remark, kind, tiers, starts_at, enabled, created_at, updated_at) VALUES
      ('Save', '', 'FULL_REDUCTION', '[{"spend":5000,"off":501}]', 0, 1, 0, 0),
      ('Gift', '', 'COUPON', ${JSON.stringify([{ spend: 3500, couponTemplate: gift }])}, 0, 1, 0, 0),
      ('Off', '', 'DISCOUNT', '[{"spend":0,"basisPointsOff":5000}]', 0, 0, 0, 0)`,
  ]);
  const query = `query ($cart: CartInput!, $coupons: [ID!]) { quoteCart(cart: $cart, couponIds: $coupons) {
    ${quoteFields} } }`;
  const ask = async (coupons?: readonly string[]) =>
    amountsOf(dataOf(await api.ask("app", query, { token: kim, variables: { cart, coupons } })).quoteCart);
  const best = await ask();
  expect(best).toMatchObject({
    goods: "5001",
    promotionDiscount: "501",
    couponDiscount: "1000",
    pay: "3500",
    complete: true,
  });
  expect(best.coupons).toEqual([
    {
      couponId: mine,
      name: "Ten off",
      discount: "1000",
      lines: [
        { line: "cup", discount: "200" },
        { line: "tea", discount: "800" },
      ],
    },
  ]);
  expect(best.leftOut).toEqual([{ couponId: cups, reason: "NO_GOODS", missing: null }]);
  expect(best.promotions[0]).toMatchObject({ promotionId: idOf("Promotion", 1), name: "Save", discount: "501" });
  expect(best.earned).toEqual([
    { promotionId: idOf("Promotion", 2), name: "Gift", couponTemplateId: idOf("CouponTemplate", gift), points: null },
  ]);
  expect(best.lines.map((line: { pay: string }) => line.pay)).toEqual(["2799", "701"]);
  expect((await ask([])).pay).toBe("4500");
  await api.db.write([sql`UPDATE promotion SET currency = 'JPY' WHERE name = 'Save'`]);
  expect(await ask([])).toMatchObject({
    pay: "5001",
    leftOutPromotions: [{ promotionId: idOf("Promotion", 1), name: "Save", reason: "OTHER_CURRENCY", missing: null }],
  });
  await api.db.write([sql`UPDATE promotion SET currency = 'EUR', tiers = '[{"spend":5002,"off":1}]' WHERE id = 1`]);
  expect((await ask([])).leftOutPromotions).toMatchObject([{ reason: "BELOW_THRESHOLD", missing: "1" }]);
  await api.db.write([sql`UPDATE promotion SET tiers = '[{"spend":5000,"off":501}]' WHERE id = 1`]);
  expect((await ask([theirs])).leftOut).toEqual([{ couponId: theirs, reason: "NOT_FOUND", missing: null }]);
  const faulty = await api.ask("app", query, { token: kim, variables: { cart: { ...cart, lines: [] } } });
  expect(faulty.code).toBe("INVALID_INPUT");
  const forMember = await api.ask(
    "graphql",
    `query ($cart: CartInput!) { quoteCartFor(externalId: "kim", cart: $cart) { ${quoteFields} } }`,
    { token: shop, variables: { cart } },
  );
  expect(amountsOf(dataOf(forMember).quoteCartFor)).toEqual(best);
  await api.db.write([sql`UPDATE promotion SET enabled = 0`, sql`DELETE FROM coupon`]);
});

test("the shop locks, redeems and refunds an order; what it sends twice is answered the same", async () => {
  const mine = await coupon();
  const locked = await lock([mine]);
  expect(locked).toMatchObject({
    __typename: "CouponOrder",
    state: "LOCKED",
    quote: { pay: "4001", coupons: [{ couponId: mine }] },
  });
  expect(await lock([mine])).toEqual(locked);
  const redeemed = await does("redeemCoupons", { orderId: "A-1" });
  expect(redeemed).toMatchObject({ id: locked.id, state: "REDEEMED", redeemedAt: expect.any(String) });
  expect(await does("redeemCoupons", { orderId: "A-1", cart })).toEqual(redeemed);
  const refund = { orderId: "A-1", refundId: "R-1", policy: "GIVE_BACK" };
  const part = await does("refundOrder", { ...refund, lines: ["cup"], amount: "100" });
  expect(part).toMatchObject({
    order: { state: "REDEEMED", refunded: "100" },
    refund: { amount: "100", givenBackIds: [] },
  });
  const rest = await does("refundOrder", { ...refund, refundId: "R-2", validDays: 3 });
  expect(rest).toMatchObject({ order: { state: "REFUNDED" }, refund: { amount: "3901", givenBackIds: [mine] } });
  const read = await api.ask(
    "graphql",
    `{ couponOrder(orderId: "A-1") { ${orderFields} } none: couponOrder(orderId: "B") { id } }`,
    { token: shop },
  );
  expect(amountsOf(dataOf(read))).toMatchObject({
    couponOrder: {
      state: "REFUNDED",
      refunds: [
        { refundId: "R-1", amount: "100" },
        { refundId: "R-2", amount: "3901" },
      ],
    },
    none: null,
  });
});

test("an order without coupons is completed, and tells what it earned and what became of it", async () => {
  const [template = 0] = await addCouponPromotion(testContext(api.db), "Thanks", [5_000]);
  const templateId = idOf("CouponTemplate", template);
  const order = { orderId: "A-9" };
  await lock([], order);
  await does("redeemCoupons", order);
  expect(await does("completeOrder", order)).toMatchObject({ state: "COMPLETED", completedAt: expect.any(String) });
  const rewards = `kind name couponTemplateId couponId points state reason why triedAgainAt at order { orderId }`;
  const read = async () =>
    dataOf(
      await api.ask(
        "graphql",
        `{ couponOrder(orderId: "A-9") { rewards { ${rewards} } quote { earned { kind couponTemplateId lines } } }
          orderRewards(state: PENDING) { nodes { ${rewards} } } }`,
        { token: shop },
      ),
    );
  const before = await read();
  expect(before.couponOrder.quote.earned).toEqual([
    { kind: "COUPON", couponTemplateId: templateId, lines: ["cup", "tea"] },
  ]);
  const reward = { kind: "COUPON", name: "Thanks", couponTemplateId: templateId, points: null, order };
  expect(before.couponOrder.rewards).toMatchObject([{ ...reward, state: "PENDING", couponId: null }]);
  expect(before.orderRewards.nodes).toEqual(before.couponOrder.rewards);
  await settleRewards(testContext(api.db), { order: (await findOrder(testContext(api.db), "A-9"))?.id ?? 0 });
  const after = (await read()).couponOrder.rewards;
  expect(after).toMatchObject([{ ...reward, state: "GIVEN", couponId: expect.any(String), reason: null }]);
  await api.db.write([sql`UPDATE promotion SET enabled = 0`]);
});

test("every refusal has its type", async () => {
  const [mine, other] = [await coupon(), await coupon()];
  const order = { orderId: "A-2" };
  expect(await lock([mine, other], order)).toMatchObject({
    __typename: "CouponUnusable",
    refusal: "COUPON_UNUSABLE",
    unusable: [{ couponId: other, reason: "EXCLUSIVE", missing: null }],
  });
  expect(await lock([mine], { ...order, externalId: "nobody" })).toMatchObject({ __typename: "NotFound" });
  expect(await lock([mine, mine], order)).toMatchObject({
    __typename: "InvalidInput",
    issues: [{ path: "couponIds" }],
  });
  await lock([mine], order);
  expect(await lock([other], order)).toMatchObject({ __typename: "Conflict" });
  expect(await does("refundOrder", { ...order, refundId: "R", policy: "KEEP" })).toMatchObject({
    currentState: "LOCKED",
  });
  expect(await does("releaseCoupons", order)).toMatchObject({ __typename: "CouponOrder", state: "RELEASED" });
  expect(await does("redeemCoupons", order)).toMatchObject({ __typename: "WrongState", currentState: "RELEASED" });
  expect(await does("completeOrder", order)).toMatchObject({ __typename: "WrongState", currentState: "RELEASED" });
  for (const mutation of ["redeemCoupons", "releaseCoupons", "completeOrder"]) {
    expect(await does(mutation, { orderId: "none" })).toMatchObject({ __typename: "NotFound" });
  }
});

test("only the shop's backend with orders:write and editors settle; members quote for themselves alone", async () => {
  const viewer = await api.token({ kind: "operator", name: "Vic", role: "viewer" });
  const editor = await api.token({ kind: "operator", name: "Edi", role: "editor" });
  const other = await api.token({ kind: "service", name: "crm", scopes: ["members:write"] });
  for (const token of [viewer, other]) {
    expect(await does("releaseCoupons", { orderId: "none" }, token)).toMatchObject({ __typename: "Forbidden" });
  }
  expect(await does("releaseCoupons", { orderId: "none" }, editor)).toMatchObject({ __typename: "NotFound" });
  const order = await api.ask("graphql", `{ couponOrder(orderId: "A-1") { member { externalId } } }`, {
    token: viewer,
  });
  expect(dataOf(order).couponOrder.member.externalId).toBe("kim");
  for (const field of [
    `quoteCartFor(externalId: "lou", cart: $cart) { complete }`,
    `couponOrder(orderId: "A-1") { id }`,
  ]) {
    const answer = await api.ask("app", `query ($cart: CartInput!) { ${field} }`, { token: kim, variables: { cart } });
    expect(answer.status).toBe(400);
  }
});
