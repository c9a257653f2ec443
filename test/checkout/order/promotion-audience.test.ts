import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { quoteCart, quoteCartFor } from "../../../src/checkout/order/quote-order.ts";
import type { MemberContext } from "../../../src/context.ts";
import type { Database } from "../../../src/db/client.ts";
import type { Query } from "../../../src/db/statement.ts";
import { createSegment, deleteSegment, updateSegment } from "../../../src/member/segment.ts";
import {
  createPromotion,
  type PromotionDraft,
  rewritePromotion,
  setEnabled,
} from "../../../src/promotion/promotion.ts";
import { addTemplate } from "../../support/coupons.ts";
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

test("what acts is read by one statement, the coupons by another; what was changed is quoted at once", async () => {
  const { ctx } = ledger;
  await ctx.db.write([sql`UPDATE promotion SET enabled = 0`]);
  const id = await acts({ audience: { everyone: true } });
  let reads = 0;
  const count = <T>(read: T) => {
    reads++;
    return read;
  };
  const db = {
    ...ctx.db,
    all: (q: Query) => count(ctx.db.all(q)),
    first: (q: Query) => count(ctx.db.first(q)),
  } as Database;
  const member: MemberContext = { ...ctx, db, actor: { kind: "member", seq: 1, id: "m1" } };
  const quoted = async () =>
    accepted(await quoteCart(member, { cart })).promotions.map(({ name, discount }) => [name, discount]);
  expect(await quoted()).toEqual([["For some", 100]]);
  expect(await quoted()).toEqual([["For some", 100]]);
  expect(reads).toBe(4);
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 100, off: 70 }] };
  accepted(await rewritePromotion(ctx, { id, draft: { name: "For all", rule } }));
  expect(await quoted()).toEqual([["For all", 70]]);
  const template = await addTemplate(ctx, { params: { off: 50 } });
  await ctx.db.write([
    sql`INSERT INTO coupon (member, template, number, source, at, valid_from)
      VALUES (1, ${template.id}, 1, 'ISSUE', 0, 0)`,
  ]);
  const couponOff = async () => accepted(await quoteCart(member, { cart })).couponDiscount;
  expect(await couponOff()).toBe(50);
  await ctx.db.write([sql`UPDATE coupon_template SET params = '{"off":60}' WHERE id = ${template.id}`]);
  expect(await couponOff()).toBe(60);
});
