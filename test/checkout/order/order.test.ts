import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { expireLocks } from "../../../src/checkout/order/lock-expiry.ts";
import { findOrder } from "../../../src/checkout/order/order.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import { releaseCoupons } from "../../../src/checkout/order/release.ts";
import { isRefusal } from "../../../src/errors.ts";
import { eraseMember, exportMember } from "../../../src/member/privacy.ts";
import { forgetOld } from "../../../src/operations/retention.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { cart, codeOf, day, openOrders, reasonsOf, stacks } from "../../support/orders.ts";
import { accepted } from "../../support/shop.ts";

const { db, ctx, time, name, held, countsOf, lock, refund, stateOf } = await openOrders();
afterAll(() => db.close());

test("coupons are held for an order, spent with it, and their template knows what they cost and brought", async () => {
  const a = await held([1], { ...stacks("a", 1), budget: 5_000, maxDiscount: 1_000 });
  const b = await held([1], { ...stacks("b", 2), kind: "DISCOUNT", params: { basisPointsOff: 1_000 } });
  const locked = accepted(await lock([b.coupon, a.coupon]));
  expect(locked).toMatchObject({
    state: "LOCKED",
    lockedUntil: time.now + 900_000,
    quote: { pay: 3_601, couponDiscount: 1_400 },
  });
  expect([await stateOf(a.coupon), await stateOf(b.coupon)]).toEqual(["LOCKED", "LOCKED"]);
  expect(await countsOf(a.template)).toMatchObject({ reserved: 1_000, spent: 0, counts: [{ state: "LOCKED", n: 1 }] });
  const { orderId } = locked;
  const redeemed = accepted(await redeemCoupons(ctx, { orderId }));
  expect(redeemed).toMatchObject({ state: "REDEEMED", redeemedAt: time.now, quote: locked.quote });
  expect(await countsOf(a.template)).toMatchObject({
    reserved: 0,
    spent: 1_000,
    counts: [{ state: "USED", n: 1, discount: 1_000, revenue: 3_601 }],
  });
  expect(await countsOf(b.template)).toMatchObject({ spent: 400, counts: [{ discount: 400, revenue: 3_601 }] });
  expect(await redeemCoupons(ctx, { orderId })).toEqual(redeemed);
  expect(await couponSums(db)).toEqual([]);
});

test("the same lock again is answered as it stands, another one is a conflict", async () => {
  const { coupon } = await held([1]);
  const other = await held([1]);
  const orderId = name();
  const locked = accepted(await lock([coupon], { orderId }));
  time.now += 1_000;
  const turned = { ...cart, lines: [...cart.lines].reverse() };
  expect(await lock([coupon], { orderId, cart: turned, ttlSeconds: 60 })).toEqual(locked);
  const more = { ...cart, lines: cart.lines.slice(1) };
  expect(codeOf(await lock([coupon], { orderId, cart: more }))).toBe("CONFLICT");
  expect(codeOf(await lock([other.coupon], { orderId }))).toBe("CONFLICT");
  expect(codeOf(await lock([coupon], { orderId, member: { seq: 2 } }))).toBe("CONFLICT");
  expect(reasonsOf(await lock([coupon]))).toEqual(["LOCKED"]);
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(await lock([coupon], { orderId })).toMatchObject({ code: "WRONG_STATE", currentState: "REDEEMED" });
  expect(reasonsOf(await lock([coupon]))).toEqual(["USED"]);
});

test("what a redemption leaves of its held budget brings a sold-out template back", async () => {
  const { template, coupon } = await held([1], { budget: 1_900, maxDiscount: 1_000, params: { off: 1_000 } });
  await db.write([sql`UPDATE coupon_template SET state = 'SOLD_OUT' WHERE id = ${template}`]);
  const small = { currency: "EUR", lines: [{ id: "pin", goods: "pin", unitPrice: 300, quantity: 1 }] };
  const { orderId } = accepted(await lock([coupon], { cart: small }));
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(await countsOf(template)).toMatchObject({ state: "ACTIVE", reserved: 0, spent: 300 });
});

test("a lock that is over frees its coupons, for another order at once and for all with the sweep", async () => {
  const { coupon, coupons, template } = await held([1, 2]);
  const orderId = name();
  accepted(await lock([coupon], { orderId, ttlSeconds: 60 }));
  time.now += 60_000;
  expect(await findOrder(ctx, orderId)).toMatchObject({ state: "EXPIRED", endedAt: time.now });
  expect(await redeemCoupons(ctx, { orderId })).toMatchObject({ code: "WRONG_STATE", currentState: "EXPIRED" });
  const other = accepted(await lock([coupon], { ttlSeconds: 60 }));
  expect(codeOf(await lock([coupon], { orderId }))).toBe("COUPON_UNUSABLE");
  accepted(await lock([coupons[1]!], { member: { seq: 2 }, ttlSeconds: 60 }));
  expect(await countsOf(template)).toMatchObject({ counts: [{ state: "LOCKED", n: 2 }] });
  time.now += 60_000;
  expect(await expireLocks(ctx, 10)).toBe(2);
  expect(await expireLocks(ctx, 10)).toBe(0);
  expect(await stateOf(coupon)).toBe("AVAILABLE");
  expect(await findOrder(ctx, other.orderId)).toMatchObject({ state: "EXPIRED" });
  expect(await countsOf(template)).toMatchObject({ counts: [] });
  expect(accepted(await lock([coupon], { orderId })).state).toBe("LOCKED");
  expect(accepted(await redeemCoupons(ctx, { orderId })).state).toBe("REDEEMED");
});

test("releasing gives coupons back once, and a redeemed order is not released", async () => {
  const { coupon, template } = await held([1]);
  const { orderId } = accepted(await lock([coupon]));
  const answers = await Promise.all(Array.from({ length: 20 }, () => releaseCoupons(ctx, { orderId })));
  expect(answers.map(codeOf)).toEqual(Array.from({ length: 20 }, () => "DONE"));
  expect(await countsOf(template)).toMatchObject({ counts: [] });
  expect(await redeemCoupons(ctx, { orderId })).toMatchObject({ code: "WRONG_STATE", currentState: "RELEASED" });
  accepted(await lock([coupon], { orderId }));
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(await releaseCoupons(ctx, { orderId })).toMatchObject({ code: "WRONG_STATE", currentState: "REDEEMED" });
  expect(codeOf(await releaseCoupons(ctx, { orderId: "nobody's" }))).toBe("NOT_FOUND");
  expect(await couponSums(db)).toEqual([]);
});

test("a cart that changed before it was paid is quoted anew, its coupons as valid as when locked", async () => {
  const { coupon, template } = await held([1], {
    kind: "FULL_REDUCTION",
    params: { spend: 4_000, off: 500 },
    validTo: time.now + 60_000,
  });
  const { orderId } = accepted(await lock([coupon]));
  time.now += 120_000;
  const less = { ...cart, lines: cart.lines.slice(1) };
  expect(await redeemCoupons(ctx, { orderId, cart: less })).toMatchObject({
    code: "COUPON_UNUSABLE",
    unusable: [{ coupon, reason: "BELOW_THRESHOLD", missing: 2_999 }],
  });
  expect(await redeemCoupons(ctx, { orderId, cart: { currency: "EUR", lines: [] } })).toMatchObject({
    issues: [{ path: "cart.lines" }],
  });
  const more = { ...cart, lines: [...cart.lines, { id: "pot", goods: "pot", unitPrice: 10, quantity: 1 }] };
  expect(accepted(await redeemCoupons(ctx, { orderId, cart: more })).quote.pay).toBe(4_511);
  expect(await countsOf(template)).toMatchObject({ counts: [{ revenue: 4_511, discount: 500 }] });
  expect(codeOf(await redeemCoupons(ctx, { orderId }))).toBe("DONE");
  expect(codeOf(await redeemCoupons(ctx, { orderId, cart }))).toBe("CONFLICT");
});

test("coupons that the shop takes back while they are locked become withdrawn when they are released", async () => {
  const { template, coupon } = await held([1], { budget: 1_000, maxDiscount: 1_000 });
  const { orderId } = accepted(await lock([coupon]));
  await db.write([
    sql`UPDATE coupon_template SET state = 'WITHDRAWN' WHERE id = ${template}`,
    sql`
      INSERT INTO coupon_take_back (template, next, upto, started_at)
      VALUES (${template}, 0, ${coupon}, ${time.now})`,
  ]);
  accepted(await releaseCoupons(ctx, { orderId }));
  expect(await stateOf(coupon)).toBe("WITHDRAWN");
  expect(await countsOf(template)).toMatchObject({ reserved: 0, counts: [{ state: "WITHDRAWN", n: 1 }] });
  expect(await couponSums(db)).toEqual([]);
});

test("a member's export tells the orders; erasing the member leaves those that were paid, to be refunded", async () => {
  const { coupons } = await held([20, 20], stacks("a"));
  const [paidFor, givenUp] = [
    accepted(await lock([coupons[0]!], { member: { seq: 20 } })),
    accepted(await lock([coupons[1]!], { member: { seq: 20 } })),
  ];
  accepted(await redeemCoupons(ctx, paidFor));
  accepted(await releaseCoupons(ctx, givenUp));
  const told = accepted(await exportMember(ctx, { seq: 20 }));
  expect(told.orders).toMatchObject([{ state: "REDEEMED", pay: 4_001 }, { order_id: givenUp.orderId }]);
  accepted(await eraseMember(ctx, { seq: 20 }));
  expect(await findOrder(ctx, givenUp.orderId)).toBeUndefined();
  expect(accepted(await refund(paidFor.orderId)).refund.amount).toBe(4_001);
});

test("however many orders are given up, one sweep frees them and later forgets them, some at a time", async () => {
  const { coupons } = await held(Array.from({ length: 19 }, (_, n) => n + 1));
  for (const [n, coupon] of coupons.entries())
    accepted(await lock([coupon], { member: { seq: n + 1 }, ttlSeconds: 60 }));
  time.now += 61_000;
  expect(await expireLocks(ctx, 5)).toBe(19);
  expect(await couponSums(db)).toEqual([]);
  time.now += 31 * day;
  await forgetOld(ctx);
  expect(await db.all(sql`SELECT 1 FROM coupon_order WHERE state IN ('EXPIRED', 'RELEASED')`)).toEqual([]);
});

test("an order that came to nothing is forgotten after a month", async () => {
  const { coupon } = await held([1]);
  const { orderId } = accepted(await lock([coupon]));
  accepted(await releaseCoupons(ctx, { orderId }));
  await forgetOld(ctx);
  expect(await findOrder(ctx, orderId)).toBeDefined();
  time.now += 31 * day;
  await forgetOld(ctx);
  expect(await findOrder(ctx, orderId)).toBeUndefined();
});

test("faults of an input are named, and strangers' coupons are not found", async () => {
  const { coupon } = await held([2]);
  expect(reasonsOf(await lock([coupon, 999_999]))).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  expect(codeOf(await lock([coupon], { member: { externalId: "nobody" } }))).toBe("NOT_FOUND");
  const faulty = await lock([coupon, coupon], { ttlSeconds: 1, orderId: "", cart: { ...cart, currency: "euro" } });
  expect(isRefusal(faulty) && faulty.code === "INVALID_INPUT" && faulty.issues.map(({ path }) => path)).toEqual([
    "orderId",
    "cart.currency",
    "couponIds",
    "ttlSeconds",
  ]);
  expect(codeOf(await redeemCoupons(ctx, { orderId: "none" }))).toBe("NOT_FOUND");
  expect(codeOf(await refund("none"))).toBe("NOT_FOUND");
});
