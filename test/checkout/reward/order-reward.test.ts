import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { settleRewards } from "../../../src/checkout/giving/settle-rewards.ts";
import { completeOrder } from "../../../src/checkout/order/complete.ts";
import { findOrder } from "../../../src/checkout/order/order.ts";
import { quoteCartFor } from "../../../src/checkout/order/quote-order.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import { releaseCoupons } from "../../../src/checkout/order/release.ts";
import { type OrderReward, rewardsOfOrders } from "../../../src/checkout/reward/order-reward.ts";
import { cart, codeOf, day, openOrders } from "../../support/orders.ts";
import { addCouponPromotion, earnedBy, rewardMessages, rewardSums, settledFaults } from "../../support/rewards.ts";
import { accepted } from "../../support/shop.ts";

// The cart is 50.01: two of tea for 40, a cup for 10.01.
const { db, ctx, time, lock, refund, stateOf } = await openOrders();
afterAll(() => db.close());
const [low = 0, high = 0] = await addCouponPromotion(ctx, "Thanks", [2_000, 4_500]);

const numberOf = async (orderId: string) => (await findOrder(ctx, orderId))?.id ?? 0;
const rewardsOf = async (orderId: string): Promise<OrderReward[]> => rewardsOfOrders(ctx, [await numberOf(orderId)]);
const settle = async (orderId: string) => settleRewards(ctx, { order: await numberOf(orderId) });

/** A paid order of the first member, complete unless said otherwise, and all that it earned given. */
async function bought(isComplete = true): Promise<string> {
  const { orderId } = accepted(await lock([]));
  accepted(await redeemCoupons(ctx, { orderId }));
  if (isComplete) accepted(await completeOrder(ctx, { orderId }));
  await settle(orderId);
  return orderId;
}
const givenFor = async (orderId: string) =>
  (await rewardsOf(orderId)).find(({ state }) => state === "GIVEN")?.given ?? 0;

test("what the quote says is earned is given for the complete order, once, however often that is said", async () => {
  const { orderId, quote, id } = accepted(await lock([]));
  expect(quote.earned).toMatchObject([
    { reward: { kind: "COUPON", terms: { template: high } }, lines: ["cup", "tea"] },
  ]);
  expect(codeOf(await completeOrder(ctx, { orderId }))).toBe("WRONG_STATE");
  accepted(await redeemCoupons(ctx, { orderId }));
  await settle(orderId);
  expect(await earnedBy(ctx, orderId)).toEqual([]);
  const answers = await Promise.all(Array.from({ length: 8 }, () => completeOrder(ctx, { orderId })));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).toMatchObject({ state: "COMPLETED", completedAt: time.now });
  expect(await earnedBy(ctx, orderId)).toEqual(["PENDING 4500"]);
  expect((await rewardMessages(ctx)).filter((order) => order === id)).toEqual([id]);
  await Promise.all(Array.from({ length: 8 }, () => settle(orderId)));
  expect(await rewardsOf(orderId)).toMatchObject([{ state: "GIVEN", terms: { template: high }, dueAt: null }]);
  expect(accepted(await completeOrder(ctx, { orderId }))).toEqual(accepted(answers[0]!));
  expect(accepted(await redeemCoupons(ctx, { orderId }))).toMatchObject({ state: "COMPLETED" });
  expect(codeOf(await releaseCoupons(ctx, { orderId }))).toBe("WRONG_STATE");
  expect([await settledFaults(ctx, orderId), await rewardSums(db)]).toEqual([[], []]);
});

test("a refund before completion takes it out of what is given; all of it, and nothing ever is", async () => {
  const orderId = await bought(false);
  accepted(await refund(orderId, { refundId: "cup", lines: ["cup"] }));
  accepted(await completeOrder(ctx, { orderId }));
  await settle(orderId);
  expect(await rewardsOf(orderId)).toMatchObject([{ state: "GIVEN", terms: { template: low } }]);
  const other = await bought(false);
  accepted(await refund(other));
  expect(codeOf(await completeOrder(ctx, { orderId: other }))).toBe("WRONG_STATE");
  expect(await earnedBy(ctx, other)).toEqual([]);
  expect(await rewardSums(db)).toEqual([]);
});

test("a refund after completion takes back what the rest does not earn, and gives what it does", async () => {
  const orderId = await bought();
  const first = await givenFor(orderId);
  accepted(await refund(orderId, { refundId: "1", amount: 500 }));
  expect(await earnedBy(ctx, orderId)).toEqual(["GIVEN 4500"]); // 45.01 are left
  accepted(await refund(orderId, { refundId: "2", amount: 100 }));
  expect(await earnedBy(ctx, orderId)).toEqual(["TAKING 4500"]);
  await settle(orderId);
  expect(await earnedBy(ctx, orderId)).toEqual(["TAKEN_BACK 4500", "GIVEN 2000"]);
  expect(await stateOf(first)).toBe("WITHDRAWN");
  const second = await givenFor(orderId);
  accepted(await refund(orderId, { refundId: "3" }));
  await settle(orderId);
  expect(await earnedBy(ctx, orderId)).toEqual(["TAKEN_BACK 4500", "TAKEN_BACK 2000"]);
  expect([await stateOf(second), await rewardSums(db)]).toEqual(["WITHDRAWN", []]);
});

test("a refund that comes between looking and taking back is reckoned with, too", async () => {
  const orderId = await bought();
  accepted(await refund(orderId, { refundId: "1", lines: ["cup"] }));
  let writes = 0;
  const write: typeof db.write = async (queries) => {
    if (++writes === 2) accepted(await refund(orderId, { refundId: "2", amount: 500 }));
    return db.write(queries);
  };
  await settleRewards({ ...ctx, db: { ...db, write } }, { order: await numberOf(orderId) });
  expect(await earnedBy(ctx, orderId)).toEqual(["TAKEN_BACK 4500", "GIVEN 2000"]);
  expect([await settledFaults(ctx, orderId), await rewardSums(db)]).toEqual([[], []]);
});

test("a refund before the message comes cancels what was to be given, and its key gives nothing later", async () => {
  const orderId = await bought(false);
  accepted(await completeOrder(ctx, { orderId }));
  const [pending] = await rewardsOf(orderId);
  accepted(await refund(orderId));
  await settle(orderId);
  expect(await earnedBy(ctx, orderId)).toEqual(["CANCELLED 4500"]);
  const { kind = "", terms, key = "", member = 1 } = { ...pending };
  expect(await ctx.rewards.of(kind)?.issueOne(ctx, terms, { member, key })).toMatchObject({ code: "CONFLICT" });
  expect(await rewardSums(db)).toEqual([]);
});

test("a refund with rewards KEEP leaves what was promised and given", async () => {
  const before = await bought(false);
  accepted(await refund(before, { lines: ["cup"], rewards: "KEEP" }));
  accepted(await completeOrder(ctx, { orderId: before }));
  await settle(before);
  const after = await bought();
  accepted(await refund(after, { rewards: "KEEP" }));
  await settle(after);
  expect([await earnedBy(ctx, before), await earnedBy(ctx, after)]).toEqual([["GIVEN 4500"], ["GIVEN 4500"]]);
  expect([await settledFaults(ctx, before), await settledFaults(ctx, after)]).toEqual([[], []]);
});

test("what was used stays used, also when that order is refunded; what is held is taken when it is free", async () => {
  const [used, held] = [await bought(), await bought()];
  const [usedCoupon, heldCoupon] = [await givenFor(used), await givenFor(held)];
  const spent = accepted(await lock([usedCoupon]));
  accepted(await redeemCoupons(ctx, { orderId: spent.orderId }));
  const locked = accepted(await lock([heldCoupon], { ttlSeconds: 3_600 }));
  for (const orderId of [used, held]) {
    accepted(await refund(orderId));
    await settle(orderId);
  }
  expect([await earnedBy(ctx, used), await earnedBy(ctx, held)]).toEqual([["KEPT 4500 USED"], ["TAKING 4500"]]);
  expect(accepted(await refund(spent.orderId)).refund.givenBack).toEqual([]);
  accepted(await releaseCoupons(ctx, { orderId: locked.orderId }));
  expect([await stateOf(usedCoupon), await stateOf(heldCoupon)]).toEqual(["USED", "WITHDRAWN"]);
  time.now += 3_600_000;
  await settle(held);
  expect([await earnedBy(ctx, held), await rewardSums(db)]).toEqual([["TAKEN_BACK 4500"], []]);
});

test("what its holder let pass is not made good by a lower tier", async () => {
  const orderId = await bought();
  await db.write([sql`UPDATE coupon SET valid_to = ${time.now + day} WHERE id = ${await givenFor(orderId)}`]);
  time.now += day;
  accepted(await refund(orderId, { lines: ["cup"] }));
  await settle(orderId);
  expect([await earnedBy(ctx, orderId), await rewardSums(db)]).toEqual([["KEPT 4500 EXPIRED"], []]);
});

test("what cannot be given says why, keeps no other from its own, and is tried again where that can help", async () => {
  const [scarce = 0] = await addCouponPromotion(ctx, "Scarce", [0], { stock: 1 });
  const [ended = 0] = await addCouponPromotion(ctx, "Ended", [0]);
  const { orderId } = accepted(await lock([]));
  accepted(await redeemCoupons(ctx, { orderId }));
  accepted(await completeOrder(ctx, { orderId }));
  await db.write([
    sql`UPDATE coupon_template SET state = 'ENDED' WHERE id = ${ended}`,
    sql`UPDATE coupon_template SET stock = 0 WHERE id = ${scarce}`,
  ]);
  await settle(orderId);
  expect(await earnedBy(ctx, orderId)).toEqual(["GIVEN 4500", "REFUSED 0 SOLD_OUT", "REFUSED 0 ENDED"]);
  const [, sold, over] = await rewardsOf(orderId);
  expect([sold?.dueAt, over?.dueAt]).toEqual([time.now + 3_600_000, null]);
  await db.write([sql`UPDATE coupon_template SET stock = 1, state = 'ACTIVE' WHERE id = ${scarce}`]);
  time.now += 3_600_000;
  await settle(orderId);
  expect(await earnedBy(ctx, orderId)).toEqual(["GIVEN 4500", "GIVEN 0", "REFUSED 0 ENDED"]);
  expect(await rewardSums(db)).toEqual([]);
  await db.write([sql`UPDATE promotion SET enabled = 0 WHERE name IN ('Scarce', 'Ended')`]);
});

test("what one of the member's orders is promised, no other is, until that is given up", async () => {
  const [once = 0] = await addCouponPromotion(ctx, "Once", [0], { perMember: 1 });
  const promises = (quote: { earned: readonly { name: string }[] }) => quote.earned.some(({ name }) => name === "Once");
  const quoted = async () => promises(accepted(await quoteCartFor(ctx, { member: { seq: 1 }, cart })));
  const [first, second] = [accepted(await lock([])), accepted(await lock([]))];
  expect([promises(first.quote), promises(second.quote), await quoted()]).toEqual([true, false, false]);
  accepted(await releaseCoupons(ctx, first));
  expect(await quoted()).toBe(true);
  const { orderId } = accepted(await lock([]));
  const other = { ...cart, lines: cart.lines.slice(0, 1) };
  expect(promises(accepted(await redeemCoupons(ctx, { orderId, cart: other })).quote)).toBe(true);
  expect(await quoted()).toBe(false);
  accepted(await completeOrder(ctx, { orderId }));
  expect(await quoted()).toBe(false);
  await settle(orderId);
  expect((await rewardsOf(orderId)).find(({ terms }) => Bun.deepEquals(terms, { template: once }))?.state).toBe(
    "GIVEN",
  );
  expect([await settledFaults(ctx, orderId), await rewardSums(db)]).toEqual([[], []]);
  await db.write([sql`UPDATE promotion SET enabled = 0 WHERE name = 'Once'`]);
});
