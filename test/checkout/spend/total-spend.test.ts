import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { completeOrder } from "../../../src/checkout/order/complete.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../../src/checkout/order/refund.ts";
import { reckonSpend } from "../../../src/checkout/spend/reckon-spend.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { importMembers } from "../../../src/member/import.ts";
import { upsertMembers } from "../../../src/member/upsert.ts";
import { cart, openOrders } from "../../support/orders.ts";
import { accepted } from "../../support/shop.ts";

const { db, ctx, name, lock } = await openOrders();
afterAll(() => db.close());

const keeping = (spendCurrency: string | undefined): Context => {
  const settings = { ...ctx.settings, slices: { ...ctx.settings.slices, member: { spendCurrency } } };
  return { ...ctx, settings };
};
const euros = keeping("EUR");
const spentOf = async (seq: number) =>
  (await db.first<{ n: number }>(sql`SELECT total_spend AS n FROM member WHERE seq = ${seq}`))?.n;

async function buy(by: Context, seq: number, currency = "EUR"): Promise<string> {
  const { orderId } = accepted(await lock([], { member: { seq }, cart: { ...cart, currency }, orderId: name() }));
  await Promise.all(Array.from({ length: 4 }, () => redeemCoupons(by, { orderId })));
  return orderId;
}
const refund = (by: Context, orderId: string, refundId: string, amount?: number) =>
  refundOrder(by, { orderId, refundId, policy: "KEEP", amount });

test("what orders of its currency were paid, less what went back, once however often it is said", async () => {
  const orderId = await buy(euros, 1);
  expect(await spentOf(1)).toBe(5_001);
  await buy(euros, 1, "JPY");
  accepted(await lock([], { member: { seq: 1 } }));
  accepted(await completeOrder(euros, { orderId }));
  expect(await spentOf(1)).toBe(5_001);
  await Promise.all(["a", "a", "b"].map((refundId) => refund(euros, orderId, refundId, 1_000)));
  expect(await spentOf(1)).toBe(3_001);
  accepted(await refund(euros, orderId, "rest"));
  expect(await spentOf(1)).toBe(0);
  await buy(ctx, 2);
  expect(await spentOf(2)).toBe(0);
});

test("once orders keep it, it is reckoned from those that are there, while others are paid", async () => {
  await db.write([sql`UPDATE member SET total_spend = 77`]);
  await buy(ctx, 3);
  const orderId = await buy(ctx, 4);
  accepted(await refund(ctx, orderId, "a", 1_000));
  await Promise.all([reckonSpend(euros), buy(euros, 3), reckonSpend(euros), buy(euros, 5)]);
  expect(await reckonSpend(euros)).toBe(true);
  expect([await spentOf(3), await spentOf(4), await spentOf(5), await spentOf(6)]).toEqual([10_002, 4_001, 5_001, 0]);
  await buy(euros, 6);
  await reckonSpend(euros);
  expect(await spentOf(6)).toBe(5_001);
  expect(await reckonSpend(keeping("JPY"))).toBe(true);
  expect([await spentOf(1), await spentOf(6)]).toEqual([5_001, 0]);
});

test("who keeps it alone says it: the shop where orders do not, nobody where they do", async () => {
  const item = { externalId: "x9", totalSpend: 123 };
  accepted(await upsertMembers(ctx, [item]));
  expect(await spentOf(9)).toBe(123);
  const outcomes = accepted(await upsertMembers(euros, [item, { externalId: "x10" }])).map((outcome) => outcome.kind);
  expect([outcomes, await spentOf(9)]).toEqual([["invalid", "unchanged"], 123]);
  const file = { name: "members.csv", content: new Blob(["externalId,totalSpend\nx9,5\n"]) };
  const answer = await importMembers(euros, file);
  expect(isRefusal(answer) && answer).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "1:2" }] });
});
