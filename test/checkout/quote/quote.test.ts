import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Cart } from "../../../src/checkout/cart.ts";
import { type CandidateCoupon, tryCoupon, type UsableCoupon } from "../../../src/checkout/quote/coupons.ts";
import { type Acting, takePromotions } from "../../../src/checkout/quote/promotions.ts";
import { type PricingInput, priceCart } from "../../../src/checkout/quote/quote.ts";
import type { Quote } from "../../../src/checkout/quote/quote-shape.ts";
import { bestCombination, compare, searchBound } from "../../../src/checkout/quote/search.ts";
import { takeTurns } from "../../../src/checkout/quote/turns.ts";
import { isLegal } from "../../../src/discount/stacking.ts";
import { acting, candidate, cartOf, carts, coupons, now, promotions } from "../../support/carts.ts";
import { counted } from "../../support/length.ts";
import { expectSound } from "../../support/quotes.ts";

const seed = Date.now() % 2_147_483_647;
console.log(`quotes: seed ${seed}`);
const check = (property: Parameters<typeof fc.assert>[0], runs: number) =>
  fc.assert(property, { seed, numRuns: counted(runs, 20 * runs) });

const quote = (cart: Cart, list: readonly CandidateCoupon[], more: Partial<PricingInput> = {}) =>
  priceCart({ cart, coupons: list, promotions: [], areChosen: false, now, ...more });

test("whatever the cart: no line pays less than zero, everything adds up, each coupon is used or told why not", () => {
  check(
    fc.property(carts, promotions(2), coupons(8), fc.boolean(), (cart, acting, list, areChosen) => {
      const told = quote(cart, list, { promotions: acting, areChosen });
      expectSound(cart, told);
      const named = [...told.coupons, ...told.leftOut].map(({ coupon }) => coupon).sort((a, b) => a - b);
      expect(named).toEqual(list.map(({ id }) => id));
      const used = list.filter(({ id }) => told.coupons.some(({ coupon }) => coupon === id));
      expect(isLegal(used)).toBe(true);
      for (const { coupon, discount } of told.coupons) {
        const { maxDiscount, room } = list.find(({ id }) => id === coupon)!;
        expect(discount).toBeLessThanOrEqual(Math.min(maxDiscount ?? discount, room ?? discount));
      }
    }),
    1_500,
  );
});

test("the order of lines, promotions and coupons says nothing", () => {
  check(
    fc.property(carts, promotions(4), coupons(8), fc.infiniteStream(fc.nat()), (cart, acting, list, dice) => {
      const shuffled = <T>(items: readonly T[]) =>
        items
          .map((item) => ({ item, at: dice.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item);
      const first = quote(cart, list, { promotions: acting });
      const lines = shuffled(cart.lines);
      const second = quote({ ...cart, lines }, shuffled(list), { promotions: shuffled(acting) });
      const inOrder = (told: Quote) => ({ ...told, lines: [...told.lines].sort((a, b) => (a.id < b.id ? -1 : 1)) });
      expect(inOrder(second)).toEqual(inOrder(first));
    }),
    600,
  );
});

/** Every legal combination, tried one by one. */
function bruteForce(usable: readonly UsableCoupon[], left: readonly number[]) {
  let best: { coupons: UsableCoupon[]; total: number } = { coupons: [], total: 0 };
  for (let bits = 0; bits < 2 ** usable.length; bits++) {
    const some = usable.filter((_, n) => bits & (1 << n));
    if (!isLegal(some)) continue;
    const each = { coupons: some, total: takeTurns(some, left).total };
    if (compare(each, best) < 0) best = each;
  }
  return best;
}

function usableOn(cart: Cart, list: readonly CandidateCoupon[], promoted: readonly Acting[]) {
  const { currency } = cart;
  const lines = [...cart.lines]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((line) => ({ ...line, amount: line.unitPrice * line.quantity }));
  const { left } = takePromotions(promoted, { currency, lines });
  const tried = list.map((coupon) => tryCoupon(coupon, { currency, lines, left }, now));
  return { left, usable: tried.filter((each) => !("reason" in each)) as UsableCoupon[] };
}

test("the best combination is the one that trying all of them finds, and no coupon alone is better", () => {
  check(
    fc.property(carts, promotions(2), coupons(7), (cart, acting, list) => {
      const { left, usable } = usableOn(cart, list, acting);
      const [best, all] = [bestCombination(usable, left), bruteForce(usable, left)];
      const ids = (of: readonly UsableCoupon[]) => of.map(({ id }) => id).sort();
      expect([best.total, ids(best.coupons), best.isComplete]).toEqual([all.total, ids(all.coupons), true]);
      for (const { alone } of usable) expect(best.total).toBeGreaterThanOrEqual(alone);
    }),
    1_000,
  );
});

const group = (name: string, order = 0) => ({ stacking: { group: name, order } });
const reasons = (told: Quote) => Object.fromEntries(told.leftOut.map(({ coupon, reason }) => [coupon, reason]));

test("promotions come first, then coupons by their order, money last; thresholds precede coupons", () => {
  const promoted = [
    acting(1, { kind: "FULL_REDUCTION", tiers: [{ spend: 10_000, off: 2_000 }] }),
    acting(2, { kind: "DISCOUNT", tiers: [{ spend: 5_000, basisPointsOff: 1_000 }] }),
    acting(3, {
      kind: "COUPON",
      tiers: [
        { spend: 1_000, couponTemplate: 7 },
        { spend: 5_000, couponTemplate: 9 },
      ],
    }),
  ];
  const list = [
    candidate(1, { kind: "CASH", params: { value: 500 }, ...group("cash", -5) }),
    candidate(2, { kind: "DISCOUNT", params: { basisPointsOff: 5_000 }, ...group("share", 2) }),
    candidate(3, { kind: "FULL_REDUCTION", params: { spend: 7_200, off: 200 }, ...group("full", 1) }),
  ];
  const told = quote(cartOf(6_000, 4_000), list, { promotions: promoted });
  expect(told.promotions.map(({ discount }) => discount)).toEqual([2_000, 800]);
  expect(told.coupons.map(({ coupon, discount }) => [coupon, discount])).toEqual([
    [3, 200],
    [2, 3_500],
    [1, 500],
  ]);
  expect(told.pay).toBe(3_000);
  const [seven, nine] = [
    { kind: "COUPON", terms: { template: 7 } },
    { kind: "COUPON", terms: { template: 9 } },
  ];
  const tiers = [
    { spend: 1_000, reward: seven },
    { spend: 5_000, reward: nine },
  ];
  expect(told.earned).toEqual([{ promotion: 3, name: "promotion 3", reward: seven, lines: ["l0", "l1"], tiers }]);
});

test("each coupon left out says why", () => {
  const cart = cartOf({ price: 3_000, goods: "tea", categories: ["food"], shop: "s1" }, { price: 1_000, goods: "cup" });
  const only = { conditions: { goods: { include: ["cup"] } } };
  const list = [
    candidate(1, { params: { off: 1_500 }, ...group("a") }),
    candidate(2, { params: { off: 1_400 }, ...group("a") }),
    candidate(3),
    candidate(4, { ...group("b"), shop: "s2" }),
    candidate(5, { kind: "FULL_REDUCTION", params: { spend: 5_000, off: 10 } }),
    candidate(6, { currency: "USD" }),
    candidate(7, { validTo: now }),
    candidate(8, { validFrom: now + 1 }),
    candidate(9, { state: "LOCKED" }),
    candidate(10, { room: 999 }),
    candidate(11, { ...only, ...group("c", 1) }),
    candidate(12, { ...only, ...group("d", 2), params: { off: 900 } }),
    candidate(13, { conditions: { categories: { exclude: ["food", "c"] } } }),
  ];
  const told = quote(cart, list);
  expect(told.coupons.map(({ coupon }) => coupon)).toEqual([1, 11]);
  expect(reasons(told)).toEqual({
    2: "SAME_GROUP",
    3: "EXCLUSIVE",
    4: "NO_GOODS",
    5: "BELOW_THRESHOLD",
    6: "OTHER_CURRENCY",
    7: "EXPIRED",
    8: "NOT_YET_VALID",
    9: "LOCKED",
    10: "BUDGET_SPENT",
    12: "NOTHING_LEFT",
    13: "NO_GOODS",
  });
  expect(told.leftOut.find(({ coupon }) => coupon === 5)?.missing).toBe(1_000);
});

test("equal combinations are told apart by fewer coupons, then by those that expire first", () => {
  const ten = (id: number, facts: object) => candidate(id, { params: { off: 1_000 }, ...facts });
  const two = [ten(1, group("a")), ten(2, group("b")), ten(3, { params: { off: 2_000 } })];
  expect(quote(cartOf(2_000), two).coupons.map(({ coupon }) => coupon)).toEqual([3]);
  const soon = [
    ten(1, { validTo: now + 9 }),
    ten(2, { validTo: now + 8 }),
    ten(3, { validTo: null }),
    ten(4, { template: 2, validTo: now + 7 }),
  ];
  expect(quote(cartOf(2_000), soon).coupons.map(({ coupon }) => coupon)).toEqual([4]);
});

test("coupons that were chosen are all used where that is legal, else the best of them", () => {
  const [a, b, c] = [
    candidate(1, group("a")),
    candidate(2, { params: { off: 5 }, ...group("b") }),
    candidate(3, group("a")),
  ];
  const chosen = (list: readonly CandidateCoupon[]) => quote(cartOf(9_000), list, { areChosen: true });
  expect(chosen([a, b]).coupons.map(({ coupon }) => coupon)).toEqual([1, 2]);
  expect(reasons(chosen([a, b, c]))).toEqual({ 3: "SAME_GROUP" });
});

test("forty coupons in twenty groups take a few thousand looks, and a search that is cut says so", () => {
  const list = Array.from({ length: 40 }, (_, n) =>
    candidate(n + 1, {
      kind: n % 2 ? "DISCOUNT" : "INSTANT",
      params: n % 2 ? { basisPointsOff: 500 + n } : { off: 90 + n },
      conditions: n % 3 ? {} : { goods: { include: [`g${n % 10}`] } },
      ...group(`group ${Math.floor(n / 2)}`, (n * 7) % 5),
    }),
  );
  const cart = cartOf(...Array.from({ length: 50 }, (_, n) => 500 + n));
  expect(searchBound(50)).toBeLessThanOrEqual(5_000);
  const told = quote(cart, list);
  expectSound(cart, told);
  const cut = quote(cart, list, { bound: 50 });
  expect(cut.isComplete).toBe(false);
  expectSound(cart, cut);
  for (const coupon of list) {
    const alone = quote(cart, [coupon]).couponDiscount;
    expect(cut.couponDiscount).toBeGreaterThanOrEqual(alone);
  }
});
