import fc from "fast-check";
import { Cart } from "../../src/checkout/cart.ts";
import type { CandidateCoupon } from "../../src/checkout/quote/coupons.ts";
import type { Acting } from "../../src/checkout/quote/promotions.ts";
import { Conditions, GoodsConditions } from "../../src/discount/conditions.ts";
import { discountOf } from "../../src/discount/kind/index.ts";
import type { Stacking } from "../../src/discount/stacking.ts";
import { PromotionRule } from "../../src/promotion/tier.ts";

/** The moment of every quote in these tests, ms. */
export const now = 1_000_000;

/** A promotion that acts: on all goods, for everyone, beside all others, unless said otherwise. */
export function acting(
  id: number,
  {
    kind,
    tiers,
    conditions = {},
    ...facts
  }: { kind: string; tiers: unknown; conditions?: unknown } & Partial<
    Omit<Acting, "id" | "kind" | "tiers" | "conditions">
  >,
): Acting {
  const rule = PromotionRule.parse({ kind, tiers });
  const usual = { id, shop: "", name: `promotion ${id}`, currency: "EUR", stacking: null };
  return { ...usual, conditions: GoodsConditions.parse(conditions), ...facts, ...rule };
}

/** A coupon on offer: 10.00 off, alone, for ever, unless said otherwise. */
export function candidate(
  id: number,
  facts: { kind?: string; params?: unknown; conditions?: unknown } & Partial<
    Omit<CandidateCoupon, "id" | "conditions">
  > = {},
): CandidateCoupon {
  const { kind = "INSTANT", params = { off: 1_000 }, conditions = {}, ...rest } = facts;
  const discount = discountOf(kind);
  if (!discount) throw new Error(`no kind ${kind}`);
  return {
    id,
    template: id,
    name: `coupon ${id}`,
    state: "AVAILABLE",
    validFrom: 0,
    validTo: null,
    shop: "",
    currency: "EUR",
    conditions: Conditions.parse(conditions),
    stacking: { exclusive: true },
    isMoney: discount.isMoney,
    rule: discount.rule(params),
    threshold: discount.threshold(params),
    maxDiscount: null,
    room: null,
    ...rest,
  };
}

/** A cart in EUR; each line is goods `g<n>` of category `c`, unless said otherwise. */
export function cartOf(...lines: readonly (number | { price: number; [fact: string]: unknown })[]): Cart {
  return Cart.parse({
    currency: "EUR",
    lines: lines.map((line, n) => {
      const { price, ...facts } = typeof line === "number" ? { price: line } : line;
      return { id: `l${n}`, goods: `g${n}`, categories: ["c"], unitPrice: price, quantity: 1, ...facts };
    }),
  });
}

const few = (...values: string[]) => fc.constantFrom(...values);
/** Mostly small, so that rounding and running dry are frequent; sometimes so large that products leave 2^53. */
const price = fc.oneof(
  { weight: 8, arbitrary: fc.nat(3_000) },
  { weight: 1, arbitrary: fc.integer({ min: 1_000_000_000, max: 30_000_000_000 }) },
);

export const carts: fc.Arbitrary<Cart> = fc
  .array(
    fc.record({
      price,
      quantity: fc.integer({ min: 1, max: 3 }),
      goods: few("g1", "g2", "g3", "g4"),
      categories: fc.uniqueArray(few("c1", "c2", "c3"), { maxLength: 2 }),
      shop: few("", "s1", "s2"),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((lines) => cartOf(...lines));

const amount = fc.integer({ min: 1, max: 4_000 });
const params = fc.oneof(
  fc.record({ spend: amount, off: amount, every: fc.boolean() }).map(({ spend, off, every }) => ({
    kind: "FULL_REDUCTION",
    params: { spend, off: Math.min(off, spend), every, ...(every && off % 2 ? { times: 1 + (off % 5) } : {}) },
  })),
  fc.record({
    kind: fc.constant("DISCOUNT"),
    params: fc.record(
      { basisPointsOff: fc.integer({ min: 1, max: 10_000 }), cap: amount },
      { requiredKeys: ["basisPointsOff"] },
    ),
  }),
  fc.record({ kind: fc.constant("INSTANT"), params: fc.record({ off: amount }) }),
  fc.record({ kind: fc.constant("CASH"), params: fc.record({ value: amount }) }),
);

const lists = fc.record(
  {
    include: fc.array(few("g1", "g2", "c1", "c2"), { maxLength: 2 }),
    exclude: fc.array(few("g3", "c3"), { maxLength: 1 }),
  },
  { requiredKeys: [] },
);

const stacking: fc.Arbitrary<Stacking> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ exclusive: true } as const) },
  { weight: 4, arbitrary: fc.record({ group: few("a", "b", "c", "d"), order: fc.integer({ min: 0, max: 3 }) }) },
);

/** Coupons with ids from 1; now and then two of one template. */
export const coupons = (maxLength: number): fc.Arbitrary<CandidateCoupon[]> =>
  fc
    .array(
      fc.record({
        discount: params,
        conditions: fc.record({ goods: lists, categories: lists, minimum: fc.nat(1_000) }, { requiredKeys: [] }),
        stacking,
        shop: few("", "", "s1"),
        validTo: fc.constantFrom(null, now, now + 1, now + 2),
        maxDiscount: fc.option(amount, { freq: 5 }),
        room: fc.option(amount, { freq: 5 }),
        isTwin: fc.boolean(),
      }),
      { maxLength },
    )
    .map((list) => {
      const made: CandidateCoupon[] = [];
      for (const { discount, isTwin, ...facts } of list) {
        const id = made.length + 1;
        const twin = isTwin && id % 3 === 0 ? made.at(-1) : undefined;
        made.push(twin ? { ...twin, id, validTo: facts.validTo } : candidate(id, { ...discount, ...facts }));
      }
      return made;
    });

const rising = (tiers: { spend: number }[]) => tiers.sort((a, b) => a.spend - b.spend);

const rules = fc.oneof(
  fc
    .uniqueArray(fc.record({ spend: amount, off: amount }), {
      selector: ({ spend }) => spend,
      minLength: 1,
      maxLength: 3,
    })
    .map((tiers) => ({
      kind: "FULL_REDUCTION",
      tiers: rising(tiers.map(({ spend, off }) => ({ spend, off: Math.min(spend, off) }))),
    })),
  fc
    .record({ spend: fc.nat(2_000), basisPointsOff: fc.integer({ min: 1, max: 9_999 }) })
    .map((tier) => ({ kind: "DISCOUNT", tiers: [tier] })),
  fc
    .record({ spend: fc.nat(2_000), couponTemplate: fc.integer({ min: 1, max: 9 }) })
    .map((tier) => ({ kind: "COUPON", tiers: [tier] })),
);

/** Promotions with ids from 1, of every kind that there is a reward for, many of them in the same few groups. */
export const promotions = (maxLength: number): fc.Arbitrary<Acting[]> =>
  fc
    .array(
      fc.record({
        rule: rules,
        conditions: fc.record({ goods: lists, categories: lists }, { requiredKeys: [] }),
        stacking: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: stacking }),
        shop: few("", "", "s1", "s2"),
        currency: few("EUR", "EUR", "EUR", "EUR", "EUR", "USD"),
        isForMember: fc.integer({ min: 0, max: 7 }).map((n) => n > 0),
        left: fc.nat(2),
      }),
      { maxLength },
    )
    .map((list) =>
      list.map(({ rule, left, ...facts }, n) => {
        const gifts = [{ spend: rule.tiers[0]?.spend ?? 0, name: `gift ${left}`, left }];
        return acting(n + 1, { ...rule, ...facts, gifts });
      }),
    );
