import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Cart } from "../../../src/checkout/cart.ts";
import { type Acting, countingLines, lowersPrice } from "../../../src/checkout/quote/promotions.ts";
import { priceCart } from "../../../src/checkout/quote/quote.ts";
import { Quote } from "../../../src/checkout/quote/quote-shape.ts";
import { conflictOf, isLegal } from "../../../src/discount/stacking.ts";
import { acting, cartOf, carts, now, promotions } from "../../support/carts.ts";
import { counted } from "../../support/length.ts";
import { expectSound } from "../../support/quotes.ts";

const seed = Date.now() % 2_147_483_647;
console.log(`promotions of quotes: seed ${seed}`);
const check = (property: Parameters<typeof fc.assert>[0], runs: number) =>
  fc.assert(property, { seed, numRuns: counted(runs, 20 * runs) });

const quote = (cart: Cart, list: readonly Acting[], more: { bound?: number } = {}) =>
  priceCart({ cart, promotions: list, coupons: [], areChosen: false, now, ...more });

const off = (id: number, taken: number, facts: Partial<Parameters<typeof acting>[1]> = {}) =>
  acting(id, { kind: "FULL_REDUCTION", tiers: [{ spend: taken, off: taken }], ...facts });
const gives = (id: number, spend: number, facts: Partial<Parameters<typeof acting>[1]> = {}) =>
  acting(id, { kind: "COUPON", tiers: [{ spend, couponTemplate: 7 }], ...facts });
const group = (name: string, order = 0) => ({ stacking: { group: name, order } });
const alone = { stacking: { exclusive: true } } as const;
const tea = { conditions: { goods: { include: ["tea"] } } };

const applied = (told: Quote) => told.promotions.map(({ promotion, discount }) => `${promotion} −${discount}`);
const earned = (told: Quote) => told.earned.map(({ promotion }) => promotion);
const why = (told: Quote): Record<string, string> =>
  Object.fromEntries(told.leftOutPromotions.map(({ promotion, reason }) => [promotion, reason]));

test("whatever acts: sums are exact, other lines bear nothing, and each promotion acts, gives or says why not", () => {
  check(
    fc.property(carts, promotions(6), (cart, list) => {
      const told = quote(cart, list);
      expectSound(cart, told);
      const ids = [...told.promotions, ...told.earned, ...told.leftOutPromotions].map(({ promotion }) => promotion);
      expect(ids.sort((a, b) => a - b)).toEqual(list.map(({ id }) => id));
      for (const { promotion, lines, discount } of told.promotions) {
        const counting = countingLines(list[promotion - 1]!, cart.lines);
        const most = counting.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0);
        expect(counting.map(({ id }) => id)).toEqual(expect.arrayContaining(lines.map(({ line }) => line)));
        expect(discount).toBeLessThanOrEqual(most);
      }
      const doing = list.filter(({ id }) => [...told.promotions, ...told.earned].some((each) => each.promotion === id));
      expect(isLegal(doing)).toBe(true);
      const gifts = told.earned.map(({ promotion }) => list[promotion - 1]?.gifts?.[0]?.left);
      for (const left of [0, 1, 2]) {
        expect(gifts.filter((each) => each === left).length).toBeLessThanOrEqual(left);
      }
      for (const { promotion, reason } of told.leftOutPromotions) {
        const conflict = conflictOf(list[promotion - 1]!, doing);
        if (reason === "EXCLUSIVE" || reason === "SAME_GROUP") expect(conflict).toBe(reason);
      }
    }),
    120,
  );
});

/** The most that promotions take off together where none is left out that could join: every choice, tried by itself. */
function mostOf(cart: Cart, list: readonly Acting[]): number {
  const able = list.filter((each) => lowersPrice(each) && quote(cart, [each]).promotionDiscount > 0);
  const choices = Array.from({ length: 2 ** able.length }, (_, bits) => able.filter((_, n) => bits & (1 << n)));
  const full = choices.filter(
    (some) => isLegal(some) && able.every((each) => some.includes(each) || conflictOf(each, some)),
  );
  return Math.max(0, ...full.map((some) => quote(cart, some).promotionDiscount));
}

test("of those that may act together the best do: what trying every choice finds", () => {
  check(
    fc.property(carts, promotions(6), (cart, list) => {
      const told = quote(cart, list);
      expect([told.promotionDiscount, told.isComplete]).toEqual([mostOf(cart, list), true]);
    }),
    120,
  );
});

test("without a class all act together, by rising id, as they always did", () => {
  const list = [
    acting(2, { kind: "DISCOUNT", tiers: [{ spend: 0, basisPointsOff: 1_000 }] }),
    off(1, 500),
    gives(3, 4_000),
    gives(4, 5_000),
  ];
  const told = quote(cartOf(5_000), list);
  expect([applied(told), earned(told), told.pay]).toEqual([["1 −500", "2 −450"], [3], 4_050]);
  expect(told.leftOutPromotions).toEqual([
    { promotion: 4, name: "promotion 4", reason: "BELOW_THRESHOLD", missing: 950 },
  ]);
});

test("of a group the best acts, at its turn; an exclusive one where it alone takes more off than all others", () => {
  const cart = cartOf(10_000);
  const half = acting(1, { kind: "DISCOUNT", tiers: [{ spend: 0, basisPointsOff: 5_000 }], ...group("a", 5) });
  const list = [half, off(2, 1_000, group("b", -1)), off(3, 900, group("b", -2)), off(4, 200), off(5, 200)];
  const told = quote(cart, list);
  expect([applied(told), why(told)]).toEqual([["2 −1000", "4 −200", "5 −200", "1 −4300"], { 3: "SAME_GROUP" }]);
  const equal = quote(cart, [...list, off(6, 5_700, alone)]);
  expect([equal.promotionDiscount, why(equal)]).toEqual([5_700, { 3: "SAME_GROUP", 6: "EXCLUSIVE" }]);
  const more = quote(cart, [...list, off(6, 5_701, alone), gives(7, 0)]);
  const others = Object.fromEntries([1, 2, 3, 4, 5, 7].map((id) => [id, "EXCLUSIVE"]));
  expect([applied(more), why(more)]).toEqual([["6 −5701"], others]);
});

test("the best of a group is the one with which all take most off, not the one that takes most alone", () => {
  const cart = cartOf({ price: 1_000, goods: "tea" }, { price: 1_000, goods: "cup" });
  const told = quote(cart, [off(1, 900, tea), off(2, 800, { ...tea, ...group("a") }), off(3, 700, group("a", 1))]);
  expect([applied(told), why(told)]).toEqual([["1 −900", "3 −700"], { 2: "SAME_GROUP" }]);
});

test("gifts come after the price: beside it where legal, one of a group, for what is paid of what counts", () => {
  const cart = cartOf({ price: 6_000, goods: "tea" }, { price: 4_000, goods: "cup" });
  const list = [off(1, 5_000, group("a")), gives(2, 0, group("a")), gives(3, 3_000, tea), gives(4, 3_001, tea)];
  const told = quote(cart, [...list, gives(5, 100, group("b")), gives(6, 200, group("b", 9)), gives(7, 0, alone)]);
  expect([applied(told), earned(told)]).toEqual([["1 −5000"], [3, 6]]);
  expect(why(told)).toEqual({ 2: "SAME_GROUP", 4: "BELOW_THRESHOLD", 5: "SAME_GROUP", 7: "EXCLUSIVE" });
  expect(earned(quote(cart, [gives(7, 0, alone)]))).toEqual([7]);
});

test("of one coupon no more are promised for an order than the member can be given", () => {
  const gifts = [{ spend: 100, name: "c7", left: 2 }];
  const list = [gives(1, 100, { gifts }), gives(2, 100, { gifts, ...group("a") }), gives(3, 100, { gifts })];
  const told = quote(cartOf(100), [...list, gives(4, 100, { gifts: [{ spend: 100, name: "c8", left: 1 }] })]);
  expect([earned(told), why(told)]).toEqual([[1, 2, 4], { 3: "NOT_GIVEN" }]);
  const low = gives(5, 50, group("b"));
  const high = gives(6, 60, { ...group("b"), gifts: [{ spend: 60, name: "c9", left: 0 }] });
  expect(earned(quote(cartOf(100), [low, high]))).toEqual([5]);
});

test("each promotion left out says why, and what is missing of the lines that count", () => {
  const cart = cartOf({ price: 3_000, goods: "tea", categories: ["food"] }, { price: 7_000, goods: "cup" });
  const list = [
    off(1, 100, { currency: "USD" }),
    off(2, 100, { isForMember: false, currency: "USD" }),
    off(3, 100, { conditions: { categories: { include: ["food"] }, goods: { exclude: ["tea"] } } }),
    off(4, 3_500, { conditions: { categories: { include: ["food"] } } }),
    off(5, 7_000, { conditions: { goods: { exclude: ["tea"] } } }),
    off(6, 7_000, { conditions: { goods: { include: ["cup"] } } }),
    acting(7, { kind: "DISCOUNT", tiers: [{ spend: 0, basisPointsOff: 1 }], ...tea, ...group("a", -1) }),
    off(8, 3_000, { ...tea, ...group("b", -1) }),
    gives(9, 0, { gifts: [{ spend: 0, name: "c7", left: 0 }] }),
    gives(10, 0, { isForMember: false }),
  ];
  const told = quote(cart, list);
  expect([applied(told), told.earned]).toEqual([["8 −3000", "5 −7000"], []]);
  expect(why(told)).toEqual({
    1: "OTHER_CURRENCY",
    2: "NOT_ELIGIBLE",
    3: "NO_GOODS",
    4: "BELOW_THRESHOLD",
    6: "NOTHING_LEFT",
    7: "NOTHING_LEFT",
    9: "NOT_GIVEN",
    10: "NOT_ELIGIBLE",
  });
  expect(told.leftOutPromotions.find(({ promotion }) => promotion === 4)?.missing).toBe(500);
});

test("a discount is split over the lines that count alone, to the last unit", () => {
  const cart = cartOf({ price: 100, goods: "tea" }, { price: 5_000, goods: "cup" }, { price: 200, goods: "tea" });
  const told = quote(cart, [acting(1, { kind: "DISCOUNT", tiers: [{ spend: 300, basisPointsOff: 3_334 }], ...tea })]);
  expect(told.promotions).toEqual([
    {
      promotion: 1,
      name: "promotion 1",
      discount: 100,
      lines: [
        { line: "l0", discount: 33 },
        { line: "l2", discount: 67 },
      ],
    },
  ]);
  expect(told.lines.map(({ pay }) => pay)).toEqual([67, 5_000, 133]);
});

test("a search that is cut says so, and still does what is legal; what ties is not looked at twice", () => {
  const many = (taken: (n: number) => number) =>
    Array.from({ length: 60 }, (_, n) => off(n + 1, taken(n), group(`g${n % 12}`, n)));
  const cart = cartOf(4_000, 4_000, 4_000);
  const ties = quote(
    cart,
    many(() => 100),
  );
  expect([ties.promotionDiscount, ties.isComplete]).toEqual([1_200, true]);
  const shares = Array.from({ length: 60 }, (_, n) =>
    acting(n + 1, {
      kind: "DISCOUNT",
      tiers: [{ spend: 0, basisPointsOff: 1_000 + n }],
      conditions: n % 2 ? {} : { goods: { include: ["g0", "g1"] } },
      ...group(`g${n % 12}`, n),
    }),
  );
  const cut = quote(cart, shares, { bound: 50 });
  expectSound(cart, cut);
  expect([cut.promotions.length, cut.isComplete]).toEqual([12, false]);
});

test("quotes that were agreed when less was told of promotions are read as they are", () => {
  const told = quote(cartOf(1_000), [off(1, 100), off(2, 9_000, { currency: "USD" })]);
  const { leftOutPromotions: _, ...older } = JSON.parse(JSON.stringify(told));
  expect(Quote.parse(older).leftOutPromotions).toEqual([]);
  const old = { ...older, leftOutPromotions: [{ promotion: 2, name: "promotion 2", reason: "OTHER_CURRENCY" }] };
  expect(Quote.parse(old)).toEqual({ ...told, leftOutPromotions: [{ ...old.leftOutPromotions[0], missing: null }] });
});
