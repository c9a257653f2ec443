import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { lockCoupons } from "../../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import { withdrawCoupon } from "../../../src/checkout/order/withdraw.ts";
import { isRefusal } from "../../../src/errors.ts";
import { historyOf } from "../../../src/transition/audit.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { counted } from "../../support/length.ts";
import { cart, codeOf, openOrders } from "../../support/orders.ts";
import { accepted } from "../../support/shop.ts";

const { db, ctx, time, name, held, countsOf, lock, stateOf } = await openOrders();
afterAll(() => db.close());

const budget = { budget: 1_000, maxDiscount: 1_000 };
const take = (coupon: number, reason = "sent to the wrong person") => withdrawCoupon(ctx, { coupon, reason });

test("one coupon is taken back: its reserve is free for others, and its history says who and why", async () => {
  const { coupon, template } = await held([1], budget);
  await db.write([sql`UPDATE coupon_template SET state = 'SOLD_OUT' WHERE id = ${template}`]);
  expect(await countsOf(template)).toMatchObject({ reserved: 1_000, spent: 0, state: "SOLD_OUT", counts: [] });
  expect(accepted(await take(coupon))).toMatchObject({ id: coupon, state: "WITHDRAWN", heldBudget: 0 });
  const counts = [{ state: "WITHDRAWN", n: 1, discount: 0, revenue: 0 }];
  expect(await countsOf(template)).toMatchObject({ reserved: 0, spent: 0, state: "ACTIVE", counts });
  expect(await historyOf(ctx, `coupon/${coupon}`)).toMatchObject([
    { from: "AVAILABLE", to: "WITHDRAWN", actor: "job test", reason: "sent to the wrong person" },
  ]);
  expect(accepted(await take(coupon, "again"))).toMatchObject({ state: "WITHDRAWN" });
  expect(await historyOf(ctx, `coupon/${coupon}`)).toHaveLength(1);
  expect(await countsOf(template)).toMatchObject({ counts });
});

test("what is used, expired, locked or not there is not taken back, and the answer says what to do", async () => {
  const { coupon: used } = await held([1]);
  const order = accepted(await lock([used]));
  expect(await take(used)).toMatchObject({ code: "WRONG_STATE", currentState: "LOCKED" });
  expect(await take(used)).toMatchObject({ message: expect.stringContaining(`held for order ${order.orderId} until`) });
  accepted(await redeemCoupons(ctx, { orderId: order.orderId }));
  expect(await take(used)).toMatchObject({ code: "WRONG_STATE", currentState: "USED" });
  const { coupon: past } = await held([1], { validTo: time.now + 1 });
  time.now += 1;
  expect(await take(past)).toMatchObject({ code: "WRONG_STATE", currentState: "EXPIRED" });
  expect(await take(999)).toMatchObject({ code: "NOT_FOUND" });
  expect(await take(used, "  ")).toMatchObject({ code: "INVALID_INPUT" });
});

test("a lock that is over holds nothing: its coupon can be taken back before the sweep comes", async () => {
  const { coupon } = await held([1]);
  accepted(await lock([coupon], { ttlSeconds: 10 }));
  time.now += 11_000;
  expect(accepted(await take(coupon))).toMatchObject({ state: "WITHDRAWN", orderId: null });
});

test("taken back while it is locked and paid for: one of the two happens, and every sum holds", async () => {
  const outcomes = new Set<string>();
  for (let n = 0; n < counted(6, 200); n++) {
    const { coupon } = await held([1], budget);
    const orderId = name();
    const pay = async () => {
      const locked = await lockCoupons(ctx, { orderId, member: { seq: 1 }, cart, couponIds: [coupon] });
      return isRefusal(locked) ? locked : redeemCoupons(ctx, { orderId });
    };
    const takeAfter = async (turns: number) => {
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      return take(coupon);
    };
    const codes = (await Promise.all([pay(), takeAfter((n % 6) * 2)])).map((answer) => codeOf(answer));
    expect(codes.filter((code) => code === "DONE")).toHaveLength(1);
    outcomes.add((await stateOf(coupon)) ?? "");
  }
  expect(outcomes).toEqual(new Set(["USED", "WITHDRAWN"]));
  expect(await couponSums(db)).toEqual([]);
});
