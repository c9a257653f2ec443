import { expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { completeDue } from "../../src/checkout/order/completion-due.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../src/checkout/order/refund.ts";
import type { Context } from "../../src/context.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { counted, isLong } from "../support/length.ts";
import { cart, day } from "../support/orders.ts";
import { addCouponPromotion, rewardSums, settledFaults } from "../support/rewards.ts";
import { accepted, addMembers } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { killable } from "../support/victim.ts";
import { until } from "../support/wait.ts";

const orders = counted(30, 900);
/** Every so many orders get so much back: each alone leaves the lower tier, both together none. */
const refunds = [
  { every: 3, amount: 1_000 },
  { every: 5, amount: 3_000 },
];
/** What is refunded after each kill. */
const kills = isLong ? refunds.map((refund) => [refund]) : [refunds];
const names = Array.from({ length: orders }, (_, n) => `order ${n + 1}`);

/** A paid order of each of so many members. */
async function paidOrders(ctx: Context): Promise<void> {
  const [orderId = ""] = names;
  accepted(await lockCoupons(ctx, { orderId, member: { seq: 1 }, cart, couponIds: [] }));
  accepted(await redeemCoupons(ctx, { orderId }));
  await ctx.db.write([
    sql`
      INSERT INTO coupon_order
        (order_id, member, state, revision, cart, quote, pay, locked_at, locked_until, redeemed_at)
      SELECT 'order ' || m.seq, m.seq, o.state, o.revision || m.seq, o.cart, o.quote, o.pay, o.locked_at,
        o.locked_until, o.redeemed_at
      FROM coupon_order o CROSS JOIN member m ON m.seq > 1 WHERE o.order_id = ${orderId}`,
  ]);
}

test("what orders earned survives kill -9 and deliveries twice, late or not answered: each is given once", async () => {
  const dataDir = tempDir();
  const db = await openTestDatabase(join(dataDir, "fanfare.db"));
  const ctx = testContext(db);
  const server = killable(dataDir, { seed: 1 + (Date.now() % 1_000) });
  const open = async () => {
    const row = await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM order_reward WHERE due_at IS NOT NULL`);
    return row?.n ?? 0;
  };
  const refundSome = async (every: number, amount: number) => {
    for (let n = 0; n < orders; n += every)
      accepted(await refundOrder(ctx, { orderId: names[n] ?? "", refundId: `${amount}`, policy: "KEEP", amount }));
  };
  try {
    await addMembers(db, orders);
    await addCouponPromotion(ctx, "Thanks", [2_000, 4_500]);
    await paidOrders(ctx);
    const slices = { ...ctx.settings.slices, checkout: { orderKeepMs: 400 * day, completeAfterMs: 0 } };
    expect(await completeDue({ ...ctx, settings: { ...ctx.settings, slices } }, 500)).toBe(orders);
    for (const refunded of kills) {
      const left = (await open()) / 2;
      server.start();
      await until(async () => (await open()) <= left, 60_000, "half of the rest to be done");
      await server.kill();
      for (const { every, amount } of refunded) await refundSome(every, amount);
    }
    server.start();
    await until(async () => (await open()) === 0, 60_000, "everything to be done");
    const faults = await Promise.all(names.map((orderId) => settledFaults(ctx, orderId)));
    expect([faults.flat(), await rewardSums(db)]).toEqual([[], []]);
    const held = await db.all(sql`
      SELECT template, count(*) AS n FROM coupon WHERE state = 'AVAILABLE' GROUP BY template ORDER BY template`);
    const [third, fifth, both] = [Math.ceil(orders / 3), Math.ceil(orders / 5), Math.ceil(orders / 15)];
    const low = third + fifth - 2 * both;
    expect(held).toMatchObject([{ n: low }, { n: orders - low - both }]);
  } finally {
    await server.kill();
    await db.close();
  }
}, 200_000);
