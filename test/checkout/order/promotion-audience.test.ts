import { afterAll, beforeAll, expect, test } from "bun:test";
import { quoteCart, quoteCartFor } from "../../../src/checkout/order/quote-order.ts";
import type { MemberContext } from "../../../src/context.ts";
import { createSegment, deleteSegment, updateSegment } from "../../../src/member/segment.ts";
import { createPromotion, type PromotionDraft, setEnabled } from "../../../src/promotion/promotion.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { cart } from "../../support/orders.ts";
import { accepted } from "../../support/shop.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.members(4, { level: "i" });
});
afterAll(closeLedgers);

const acts = async (draft: Partial<PromotionDraft>) => {
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 100, off: 100 }] };
  const { ctx } = ledger;
  const { id } = accepted(await createPromotion(ctx, { name: "For some", currency: "EUR", rule, ...draft }));
  accepted(await setEnabled(ctx, { id, enabled: true }));
  return id;
};
const quoteOf = async (seq: number) => {
  const member: MemberContext = { ...ledger.ctx, actor: { kind: "member", seq, id: `m${seq}` } };
  return accepted(await quoteCart(member, { cart }));
};
/** The members of the four on whose cart it acts. */
const whoGets = async (id: number) => {
  const quotes = await Promise.all([1, 2, 3, 4].map(quoteOf));
  return [1, 2, 3, 4].filter((seq) => quotes[seq - 1]?.promotions.some(({ promotion }) => promotion === id));
};

test("a promotion for some acts on their carts alone; others are not told of it, the shop is", async () => {
  const id = await acts({ audience: { filter: { level: { gte: 3 } } } });
  const forAll = await acts({});
  expect([await whoGets(id), await whoGets(forAll)]).toEqual([
    [3, 4],
    [1, 2, 3, 4],
  ]);
  expect((await quoteOf(1)).leftOutPromotions).toEqual([]);
  const told = accepted(await quoteCartFor(ledger.ctx, { member: { externalId: "x1" }, cart }));
  expect(told.leftOutPromotions).toMatchObject([{ promotion: id, reason: "NOT_ELIGIBLE", missing: null }]);
});

test("one for a segment is for those who are in it when they ask, and for nobody once that is gone", async () => {
  const { ctx } = ledger;
  const segment = accepted(await createSegment(ctx, { name: "Some", filter: { level: { lte: 2 } } }));
  const id = await acts({ audience: { segment: segment.id } });
  expect(await whoGets(id)).toEqual([1, 2]);
  accepted(await updateSegment(ctx, { id: segment.id, filter: { level: { eq: 2 } } }));
  expect(await whoGets(id)).toEqual([2]);
  accepted(await deleteSegment(ctx, segment.id));
  expect(await whoGets(id)).toEqual([]);
});

test("it acts from its start to its end, and only while it is enabled", async () => {
  const start = ledger.ctx.clock() + 60_000;
  const id = await acts({ startsAt: start, endsAt: start + 60_000 });
  expect(await whoGets(id)).toEqual([]);
  ledger.pass(60_000);
  expect(await whoGets(id)).toEqual([1, 2, 3, 4]);
  accepted(await setEnabled(ledger.ctx, { id, enabled: false }));
  expect(await whoGets(id)).toEqual([]);
  accepted(await setEnabled(ledger.ctx, { id, enabled: true }));
  ledger.pass(60_000);
  expect(await whoGets(id)).toEqual([]);
});
