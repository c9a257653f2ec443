import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { checkout } from "../../../src/checkout/domain.ts";
import { settleRewards } from "../../../src/checkout/giving/settle-rewards.ts";
import { completeOrder } from "../../../src/checkout/order/complete.ts";
import { completeDue } from "../../../src/checkout/order/completion-due.ts";
import { findOrder } from "../../../src/checkout/order/order.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import { releaseCoupons } from "../../../src/checkout/order/release.ts";
import type { Context } from "../../../src/context.ts";
import { exportMember } from "../../../src/member/privacy.ts";
import { forgetOld } from "../../../src/operations/retention.ts";
import { createPromotion, setEnabled } from "../../../src/promotion/promotion.ts";
import { createWebhook } from "../../../src/webhook/webhook.ts";
import { cart, codeOf, day, openOrders } from "../../support/orders.ts";
import { addCouponPromotion, earnedBy, rewardMessages, rewardSums } from "../../support/rewards.ts";
import { accepted } from "../../support/shop.ts";

const { db, ctx, time, name, lock, refund } = await openOrders();
afterAll(() => db.close());

const completing = (days: number): Context => {
  const slices = { ...ctx.settings.slices, checkout: { orderKeepMs: 400 * day, completeAfterMs: days * day } };
  return { ...ctx, settings: { ...ctx.settings, slices } };
};
const paid = async () => {
  const { orderId } = accepted(await lock([]));
  return accepted(await redeemCoupons(ctx, { orderId }));
};
const numberOf = async (orderId: string) => (await findOrder(ctx, orderId))?.id ?? 0;

test("an order with a promotion alone has a record, a price that is held, and a refund", async () => {
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 5_000, off: 1_000 }] };
  const { id } = accepted(await createPromotion(ctx, { name: "Save", currency: "EUR", rule, startsAt: 0 }));
  accepted(await setEnabled(ctx, { id, enabled: true }));
  const orderId = name();
  const locks = await Promise.all(Array.from({ length: 8 }, () => lock([], { orderId })));
  expect(new Set(locks.map((answer) => JSON.stringify(accepted(answer)))).size).toBe(1);
  accepted(await setEnabled(ctx, { id, enabled: false }));
  const redeemed = accepted(await redeemCoupons(ctx, { orderId, cart }));
  expect(redeemed).toMatchObject({ state: "REDEEMED", quote: { pay: 4_001, promotionDiscount: 1_000, coupons: [] } });
  expect(codeOf(await lock([], { orderId }))).toBe("WRONG_STATE");
  expect(accepted(await refund(orderId, { refundId: "1", amount: 1 })).order).toMatchObject({ refunded: 1 });
  expect(accepted(await refund(orderId, { refundId: "2" }))).toMatchObject({
    order: { state: "REFUNDED", refunded: 4_001 },
    refund: { amount: 4_000, givenBack: [] },
  });
  const given = accepted(await lock([]));
  expect(accepted(await releaseCoupons(ctx, given))).toMatchObject({ state: "RELEASED" });
  expect(accepted(await lock([], { orderId: given.orderId })).state).toBe("LOCKED");
  time.now += 16 * 60_000;
  expect(await findOrder(ctx, given.orderId)).toMatchObject({ state: "EXPIRED" });
});

test("an order is complete by itself so many days after it was paid, if the shop says so, and gives once", async () => {
  await addCouponPromotion(ctx, "Thanks", [2_000]);
  const orders = [await paid(), await paid(), await paid()].map(({ orderId }) => orderId);
  const [whole = "", said = ""] = orders;
  accepted(await refund(whole));
  time.now += 14 * day;
  const later = await paid();
  accepted(await completeOrder(ctx, { orderId: said }));
  expect(await completeDue(ctx, 10)).toBe(0);
  const counts = await Promise.all([completeDue(completing(14), 10), completeDue(completing(14), 1)]);
  expect(counts[0]! + counts[1]!).toBe(1);
  const states = await Promise.all([...orders, later.orderId].map(async (orderId) => findOrder(ctx, orderId)));
  expect(states.map((order) => order?.state)).toEqual(["REFUNDED", "COMPLETED", "COMPLETED", "REDEEMED"]);
  for (const order of await rewardMessages(ctx)) await settleRewards(ctx, { order });
  expect(await Promise.all(orders.map((orderId) => earnedBy(ctx, orderId)))).toEqual([
    [],
    ["GIVEN 2000"],
    ["GIVEN 2000"],
  ]);
  expect(await rewardSums(db)).toEqual([]);
});

test("completed and refunded at once: it earns what the rest does, whichever comes first", async () => {
  const outcomes = new Set<string>();
  for (let n = 0; n < 8; n++) {
    const { orderId } = await paid();
    const late = async () => {
      for (let turn = 0; turn < n; turn++) await new Promise((resolve) => setImmediate(resolve));
      return completeOrder(ctx, { orderId });
    };
    const [completed] = await Promise.all([late(), refund(orderId, { lines: ["tea"] })]);
    expect(codeOf(completed)).toBe("DONE");
    await settleRewards(ctx, { order: await numberOf(orderId) });
    outcomes.add((await earnedBy(ctx, orderId)).join());
  }
  expect([...outcomes].filter((told) => told !== "" && told !== "CANCELLED 2000")).toEqual([]);
  expect(await rewardSums(db)).toEqual([]);
});

test("what orders earned is told in a member's export, and forgotten with an old order; its sums stay", async () => {
  const { orderId } = await paid();
  accepted(await completeOrder(ctx, { orderId }));
  await settleRewards(ctx, { order: await numberOf(orderId) });
  const told = accepted(await exportMember(ctx, { seq: 1 }));
  expect(told.orderRewards).toContainEqual(
    expect.objectContaining({ order_id: orderId, state: "GIVEN", name: "Thanks" }),
  );
  const sums = async () => checkout.gauges?.[0]?.read(ctx);
  const before = await sums();
  time.now += 401 * day;
  await forgetOld(ctx);
  expect(await db.all(sql`SELECT 1 FROM order_reward`)).toEqual([]);
  expect(await sums()).toEqual(before);
  expect(before).toContainEqual({ labels: { state: "GIVEN" }, value: expect.any(Number) });
});

test("paid, complete and refunded: each is told once to endpoints that want it, and to nobody else", async () => {
  const told = () =>
    db.all<{ type: string; data: string }>(sql`SELECT type, data FROM event WHERE type LIKE 'order.%'`);
  accepted(await completeOrder(ctx, { orderId: (await paid()).orderId }));
  expect(await told()).toEqual([]);
  accepted(await createWebhook(ctx, { url: "https://shop.test/hook" }));
  const { orderId, id } = await paid();
  for (let n = 0; n < 2; n++) {
    accepted(await redeemCoupons(ctx, { orderId }));
    accepted(await completeOrder(ctx, { orderId }));
  }
  for (const more of [{ refundId: "1", amount: 1 }, { refundId: "1", amount: 1 }, { refundId: "2" }, { refundId: "2" }])
    accepted(await refund(orderId, more));
  const same = { couponOrder: id, orderId, member: "m_1", currency: "EUR", pay: 5_001 };
  expect((await told()).map(({ type, data }) => [type, JSON.parse(data)])).toEqual([
    ["order.redeemed", same],
    ["order.completed", { ...same, refunded: 0 }],
    ["order.refunded", { ...same, refundId: "1", amount: 1, refunded: 1, whole: false }],
    ["order.refunded", { ...same, refundId: "2", amount: 5_000, refunded: 5_001, whole: true }],
  ]);
});
