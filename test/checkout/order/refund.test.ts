import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { findOrder } from "../../../src/checkout/order/order.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import type { RefundInput } from "../../../src/checkout/order/refund.ts";
import type { templateTable } from "../../../src/coupon/table.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { codeOf, day, openOrders } from "../../support/orders.ts";
import { accepted } from "../../support/shop.ts";

const { db, ctx, time, held, countsOf, lock, refund, stateOf } = await openOrders();
afterAll(() => db.close());

/** An order on which a coupon of 1,000 was used: 4,001 were paid for it. */
async function paid(facts: Partial<typeof templateTable.$inferInsert> = {}) {
  const made = await held([1], facts);
  const { orderId } = accepted(await lock([made.coupon]));
  accepted(await redeemCoupons(ctx, { orderId }));
  return { ...made, orderId };
}

test("a refund in full gives a valid coupon back once, however often and by however many it is asked", async () => {
  const { orderId, coupon, template } = await paid({ budget: 1_000, maxDiscount: 1_000 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => refund(orderId)));
  const first = accepted(answers[0]!);
  expect(first.refund).toMatchObject({ amount: 4_001, givenBack: [coupon] });
  expect(first.refund.lines).toEqual([
    { line: "cup", amount: 801 },
    { line: "tea", amount: 3_200 },
  ]);
  expect(answers.map((answer) => accepted(answer).refund)).toEqual(answers.map(() => first.refund));
  expect(accepted(await refund(orderId)).order).toMatchObject({ state: "REFUNDED", refunded: 4_001 });
  expect(await stateOf(coupon)).toBe("AVAILABLE");
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, counts: [] });
  expect(codeOf(await refund(orderId, { refundId: "r2" }))).toBe("WRONG_STATE");
  expect(codeOf(await refund(orderId, { policy: "KEEP" }))).toBe("CONFLICT");
  const again = accepted(await lock([coupon]));
  accepted(await redeemCoupons(ctx, { orderId: again.orderId }));
  expect(codeOf(await refund(orderId))).toBe("DONE");
  expect(await stateOf(coupon)).toBe("USED");
  expect(await couponSums(db)).toEqual([]);
});

test("with KEEP a coupon stays spent; one that expired comes back only with more time", async () => {
  const kept = await paid();
  expect(accepted(await refund(kept.orderId, { policy: "KEEP" })).refund.givenBack).toEqual([]);
  expect(await stateOf(kept.coupon)).toBe("USED");
  expect(await countsOf(kept.template)).toMatchObject({
    spent: 1_000,
    counts: [{ n: 1, discount: 1_000, revenue: 0 }],
  });
  const [late, later] = [await paid({ validTo: time.now + day }), await paid({ validTo: time.now + day })];
  const soon = await paid({ validTo: time.now + 30 * day });
  time.now += 2 * day;
  expect(accepted(await refund(late.orderId)).refund.givenBack).toEqual([]);
  expect(accepted(await refund(later.orderId, { validDays: 7 })).refund.givenBack).toEqual([later.coupon]);
  expect(accepted(await refund(soon.orderId, { validDays: 7 })).refund.givenBack).toEqual([soon.coupon]);
  const ends = await db.all<{ valid_to: number }>(
    sql`SELECT valid_to FROM coupon WHERE id IN (${later.coupon}, ${soon.coupon}) ORDER BY id`,
  );
  expect(ends.map(({ valid_to }) => valid_to)).toEqual([time.now + 7 * day, time.now + 28 * day]);
  expect(await couponSums(db)).toEqual([]);
});

test("partial refunds add up to what was paid, line by line, and the last one gives the coupon back", async () => {
  const { orderId, coupon, template } = await paid();
  const part = (refundId: string, more: Partial<RefundInput>) => refund(orderId, { refundId, ...more });
  const cup = accepted(await part("a", { lines: ["cup"] }));
  expect(cup.refund).toMatchObject({ amount: 801, lines: [{ line: "cup", amount: 801 }], givenBack: [] });
  expect(await part("b", { lines: ["cup"] })).toMatchObject({ issues: [{ path: "lines" }] });
  expect(await part("b", { lines: ["tea", "pot"] })).toMatchObject({ issues: [{ path: "lines.1" }] });
  expect(await part("b", { amount: 3_201 })).toMatchObject({ issues: [{ path: "amount" }] });
  expect(await part("b", { amount: 0 })).toMatchObject({ issues: [{ path: "amount" }] });
  await Promise.all(Array.from({ length: 10 }, (_, n) => part(`many ${n}`, { amount: 319 })));
  expect(await findOrder(ctx, orderId)).toMatchObject({ state: "REDEEMED", refunded: 3_991 });
  expect(await countsOf(template)).toMatchObject({ counts: [{ n: 1, revenue: 10 }] });
  expect(await stateOf(coupon)).toBe("USED");
  expect(accepted(await part("last", { amount: 10 })).refund.givenBack).toEqual([coupon]);
  expect(await findOrder(ctx, orderId)).toMatchObject({ state: "REFUNDED", refunded: 4_001 });
  expect(await couponSums(db)).toEqual([]);
});

test("an order that coupons paid for alone is refunded, too", async () => {
  const { coupon } = await held([1], { kind: "CASH", params: { value: 9_000 } });
  const { orderId, quote } = accepted(await lock([coupon]));
  expect(quote).toMatchObject({ pay: 0, couponDiscount: 5_001 });
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(accepted(await refund(orderId))).toMatchObject({
    refund: { amount: 0, givenBack: [coupon] },
    order: { state: "REFUNDED" },
  });
});

test("what a full budget cannot hold again comes back with what it had taken off held for it", async () => {
  const { template, coupons } = await held([1, 2], {
    budget: 2_000,
    maxDiscount: 1_000,
    kind: "DISCOUNT",
    params: { basisPointsOff: 1_000, cap: 1_000 },
  });
  const { orderId } = accepted(await lock([coupons[0]!]));
  accepted(await redeemCoupons(ctx, { orderId }));
  await db.write([sql`UPDATE coupon_template SET budget = 1500 WHERE id = ${template}`]);
  accepted(await refund(orderId));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_500, spent: 0, state: "SOLD_OUT" });
  expect(await couponSums(db)).toEqual([]);
});
