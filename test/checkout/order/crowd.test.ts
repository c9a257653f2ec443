import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { lockCoupons } from "../../../src/checkout/order/lock.ts";
import { expireLocks } from "../../../src/checkout/order/lock-expiry.ts";
import { type CouponOrder, findOrder } from "../../../src/checkout/order/order.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../../src/checkout/order/refund.ts";
import { releaseCoupons } from "../../../src/checkout/order/release.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { counted } from "../../support/length.ts";
import { cart, codeOf, openOrders, reasonsOf, stacks } from "../../support/orders.ts";
import { accepted } from "../../support/shop.ts";

const { db, ctx, time, name, held, countsOf, lock, refund, stateOf } = await openOrders();
afterAll(() => db.close());

const orders = counted(150, 1_000);

test("one coupon for many orders at once: one order gets it, and it is spent once", async () => {
  const { coupon, template } = await held([1], { budget: 1_000, maxDiscount: 1_000 });
  const answers = await Promise.all(
    Array.from({ length: orders }, async () => {
      const locked = await lock([coupon]);
      return isRefusal(locked) ? locked : redeemCoupons(ctx, { orderId: locked.orderId });
    }),
  );
  const won = answers.filter((answer): answer is CouponOrder => !isRefusal(answer));
  expect(won).toHaveLength(1);
  const reasons = new Set(answers.filter(isRefusal).flatMap((answer) => reasonsOf(answer)));
  expect([...reasons].every((reason) => reason === "LOCKED" || reason === "USED")).toBe(true);
  expect(await countsOf(template)).toMatchObject({ reserved: 0, spent: 1_000, counts: [{ state: "USED", n: 1 }] });
  const again = await Promise.all(Array.from({ length: 200 }, () => redeemCoupons(ctx, { orderId: won[0]!.orderId })));
  expect(new Set(again.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await countsOf(template)).toMatchObject({ spent: 1_000, counts: [{ n: 1, discount: 1_000 }] });
});

test("one order locked by many at once is locked once, with one set of coupons", async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => held([1])));
  const orderId = name();
  const answers = await Promise.all(made.map(({ coupon }) => lock([coupon], { orderId })));
  expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1);
  const states = await Promise.all(made.map(({ coupon }) => stateOf(coupon)));
  expect(states.filter((state) => state === "LOCKED")).toHaveLength(1);
  expect(await couponSums(db)).toEqual([]);
});

test("a budget of X never pays X + 1, whoever locks, redeems, releases and refunds at the same time", async () => {
  const members = Array.from({ length: 20 }, (_, n) => n + 1);
  // Coupons with too little reserved for them, as those have that were given back, compete for what is left.
  const { template, coupons } = await held(members, { budget: 5_500, maxDiscount: 100, params: { off: 1_000 } });
  await db.write([sql`UPDATE coupon_template SET max_discount = 1000 WHERE id = ${template}`]);
  const answers = await Promise.all(
    coupons.map(async (coupon, n) => {
      const orderId = name();
      const locked = await lock([coupon], { orderId, member: { seq: n + 1 } });
      if (isRefusal(locked)) return reasonsOf(locked).toString();
      if (n % 3 === 0) return codeOf(await releaseCoupons(ctx, { orderId }));
      accepted(await redeemCoupons(ctx, { orderId }));
      return n % 2 ? codeOf(await refund(orderId)) : "SPENT";
    }),
  );
  expect(new Set(answers)).toEqual(new Set(["BUDGET_SPENT", "DONE", "SPENT"]));
  const sums = await db.first<{ reserved: number; spent: number }>(
    sql`SELECT reserved, spent FROM coupon_template WHERE id = ${template}`,
  );
  expect((sums?.reserved ?? 0) + (sums?.spent ?? 0)).toBeLessThanOrEqual(5_500);
  expect(await couponSums(db)).toEqual([]);
});

test("released and redeemed at once, an order is one of the two, and its coupon too", async () => {
  for (let n = 0; n < 10; n++) {
    const { coupon } = await held([1]);
    const { orderId } = accepted(await lock([coupon]));
    const [redeemed, released] = await Promise.all([redeemCoupons(ctx, { orderId }), releaseCoupons(ctx, { orderId })]);
    expect([codeOf(redeemed), codeOf(released)].sort()).toEqual(["DONE", "WRONG_STATE"]);
    expect(await stateOf(coupon)).toBe(isRefusal(redeemed) ? "AVAILABLE" : "USED");
  }
  expect(await couponSums(db)).toEqual([]);
});

test("a batch that runs again, as after an answer that was lost, changes nothing more", async () => {
  const twice: Context = {
    ...ctx,
    db: {
      ...db,
      write: async (queries) => {
        await db.write(queries);
        return db.write(queries);
      },
    },
  };
  const { template, coupon } = await held([1], { budget: 1_000, maxDiscount: 1_000 });
  const orderId = name();
  const locking = { orderId, member: { seq: 1 }, cart, couponIds: [coupon] };
  accepted(await lockCoupons(twice, locking));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, counts: [{ state: "LOCKED", n: 1 }] });
  accepted(await releaseCoupons(twice, { orderId }));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, counts: [] });
  accepted(await lockCoupons(twice, locking));
  accepted(await redeemCoupons(twice, { orderId }));
  expect(await countsOf(template)).toMatchObject({ reserved: 0, spent: 1_000, counts: [{ n: 1, revenue: 4_001 }] });
  accepted(await refundOrder(twice, { orderId, refundId: "a", policy: "GIVE_BACK", amount: 1_000 }));
  expect(await countsOf(template)).toMatchObject({ spent: 1_000, counts: [{ n: 1, revenue: 3_001 }] });
  accepted(await refundOrder(twice, { orderId, refundId: "b", policy: "GIVE_BACK" }));
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, counts: [] });
  expect(await couponSums(db)).toEqual([]);
});

test("whatever many do to the same few orders and coupons at once, every coupon is where its order says", async () => {
  const made = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      held([1], {
        ...stacks(`group ${n % 3}`, n),
        budget: 700,
        maxDiscount: 500,
        params: { off: 100 * (1 + (n % 5)) },
      }),
    ),
  );
  const ids = made.map(({ coupon }) => coupon);
  const few = Array.from({ length: 5 }, name);
  const seed = Date.now() % 2_147_483_647;
  let dice = seed;
  const roll = (sides: number) => {
    dice = (dice * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((dice / 2 ** 31) * sides);
  };
  const act = async (n: number) => {
    const orderId = few[roll(few.length)]!;
    const two = [ids[roll(6)]!, ids[roll(6)]!];
    switch (roll(6)) {
      case 0:
      case 1:
        return lock([...new Set(two)], { orderId, ttlSeconds: 10 });
      case 2:
        return redeemCoupons(ctx, { orderId });
      case 3:
        return releaseCoupons(ctx, { orderId });
      case 4:
        return refund(orderId, { refundId: `r${roll(3)}`, ...(roll(2) ? { amount: 1_500 } : {}) });
      default:
        if (n % 10 === 0) time.now += 6_000;
        return expireLocks(ctx, 10);
    }
  };
  for (let round = 0; round < 6; round++) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => act(n)));
    expect({ seed, faults: await couponSums(db) }).toEqual({ seed, faults: [] });
    // What was refunded in full is done with: others take its place.
    for (const [n, orderId] of few.entries())
      if ((await findOrder(ctx, orderId))?.state === "REFUNDED") few[n] = name();
  }
});
