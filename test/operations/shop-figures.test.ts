import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { checkout } from "../../src/checkout/domain.ts";
import { completeOrder } from "../../src/checkout/order/complete.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../src/checkout/order/refund.ts";
import { releaseCoupons } from "../../src/checkout/order/release.ts";
import { withdrawCoupon } from "../../src/checkout/order/withdraw.ts";
import { couponGauges } from "../../src/coupon/gauges.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import { expireDue } from "../../src/coupon/wallet/expiry.ts";
import { isRefusal } from "../../src/errors.ts";
import { shopFigures } from "../../src/operations/shop-figures.ts";
import { createPromotion, setEnabled } from "../../src/promotion/promotion.ts";
import { addTemplate } from "../support/coupons.ts";
import { counted } from "../support/length.ts";
import { day, openOrders } from "../support/orders.ts";
import { as } from "../support/persons.ts";
import { accepted } from "../support/shop.ts";
import { shopFaults, told } from "../support/shop-sums.ts";
import { cartOfShops } from "../support/shops.ts";

const seed = Date.now() % 2_147_483_647;
console.log(`figures of shops: seed ${seed}`);

const shops = ["", "a", "b"] as const;
const { db, ctx, time } = await openOrders();
afterAll(() => db.close());
const kim = (shop: string) => as(ctx, `Kim ${shop}`, shop === "" ? 1 : shop.charCodeAt(0), undefined, shop);

/** A template of each shop, some with a budget, and a promotion of each. */
const templates: number[] = [];
for (const [n, shop] of shops.entries()) {
  const facts = { shop, issueMode: "SYSTEM", perMember: 1_000, maxDiscount: 1_000, validDays: 3 } as const;
  const { id } = await addTemplate(ctx, { ...facts, ...(n > 0 && { budget: 500_000 }), stacking: { group: `g${n}` } });
  templates.push(id);
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 100, off: 100 }] };
  const promotion = accepted(await createPromotion(kim(shop), { name: "P", currency: "EUR", rule, startsAt: 0 }));
  accepted(await setEnabled(kim(shop), { id: promotion.id, enabled: true }));
}

const few = (most: number) => fc.integer({ min: 0, max: most });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("give" as const), of: few(2), as: few(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("lock" as const), lines: fc.array(few(2), { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("pay", "complete", "release"), at: few(3), as: few(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("refund" as const),
      at: few(3),
      part: few(2),
      keep: fc.boolean(),
      as: few(3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("withdraw" as const), at: few(3), as: few(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), days: few(2) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What was made so far, of all shops. */
const orders: string[] = [];
const coupons: number[] = [];
let named = 0;
/** An operator of a shop, or the shop's own systems. */
const whoever = (n: number) => (n < 3 ? kim(shops[n] ?? "") : ctx);

async function take(each: Step): Promise<unknown> {
  const order = (at: number) => orders.at(-1 - at) ?? "none";
  switch (each.do) {
    case "give": {
      const key = `k${++named}`;
      const asked = { template: templates[each.of] ?? 0, member: { seq: 1 }, idempotencyKey: key };
      const given = await issueCoupon(whoever(each.as), asked);
      if (!isRefusal(given)) coupons.push(given.id);
      return given;
    }
    case "lock": {
      const orderId = `o${++named}`;
      const cart = cartOfShops(...each.lines.map((n) => shops[n] ?? ""));
      const asked = { orderId, member: { seq: 1 }, cart, ttlSeconds: 3_600 };
      for (const couponIds of [coupons.slice(-2), coupons.slice(-1), coupons.slice(-2, -1), []]) {
        if (!isRefusal(await lockCoupons(ctx, { ...asked, couponIds }))) break;
      }
      return orders.push(orderId);
    }
    case "pay":
      return redeemCoupons(whoever(each.as), { orderId: order(each.at) });
    case "complete":
      return completeOrder(whoever(each.as), { orderId: order(each.at) });
    case "release":
      return releaseCoupons(whoever(each.as), { orderId: order(each.at) });
    case "refund": {
      const amount = each.part > 0 ? { amount: 400 * each.part } : {};
      const asked = {
        orderId: order(each.at),
        refundId: `r${++named}`,
        policy: each.keep ? "KEEP" : "GIVE_BACK",
      } as const;
      return refundOrder(whoever(each.as), { ...asked, ...amount });
    }
    case "withdraw":
      return withdrawCoupon(whoever(each.as), { coupon: coupons.at(-1 - each.at) ?? 0, reason: "r" });
    case "wait":
      time.now += each.days * day;
      await expireDue(ctx);
      return checkout.tidy?.(ctx);
  }
}

/** Of each shop: a coupon is used and its order refunded in part, and one is withdrawn. */
const usual = shops.flatMap((_, of): Step[] => [
  { do: "give", of, as: 3 },
  { do: "lock", lines: [of] },
  { do: "pay", at: 0, as: of },
  { do: "refund", at: 0, part: 1, keep: true, as: of },
  { do: "give", of, as: of },
  { do: "withdraw", at: 0, as: of },
]);

test("each shop is told what became of its coupons and orders", async () => {
  for (const each of usual) await take(each);
  const figures = await told(ctx);
  for (const name of ["couponsUsed", "couponsWithdrawn", "ordersPaid", "orderPay EUR", "orderRefunded EUR"]) {
    expect([name, shops.filter((shop) => figures[`${shop} ${name}`])]).toEqual([name, [...shops]]);
  }
  expect(await shopFaults(ctx)).toEqual([]);
});

test("whatever becomes of coupons and orders, each shop's figures are what its rows say", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 20 }), async (steps) => {
      for (const each of steps) await take(each);
      expect(await shopFaults(ctx)).toEqual([]);
    }),
    { seed, numRuns: counted(3, 200), endOnFailure: true },
  );
});

test("the sums over all shops are what metrics say of the whole", async () => {
  const figures = await shopFigures(ctx, {});
  const sum = (name: string) =>
    figures
      .flatMap(({ counts, amounts }) => [...counts, ...amounts].filter((each) => each.name === name))
      .reduce((all, { value }) => all + value, 0);
  const gauge = async (name: string) => {
    const readings = await couponGauges.find((each) => each.name === name)?.read(ctx);
    return Object.fromEntries((readings ?? []).map(({ labels, value }) => [Object.values(labels ?? {}).join(), value]));
  };
  const { claim = 0, shop = 0 } = await gauge("fanfare_coupons_issued");
  expect([sum("couponsIssued"), sum("couponsClaimed")]).toEqual([claim + shop, claim]);
  const states = await gauge("fanfare_coupons");
  for (const state of ["Used", "Expired", "Withdrawn", "Locked"])
    expect([state, sum(`coupons${state}`)]).toEqual([state, states[state.toUpperCase()] ?? 0]);
  expect(await gauge("fanfare_coupon_revenue_minor_units")).toEqual({ EUR: sum("couponRevenue") });
  expect(await gauge("fanfare_coupon_discount_minor_units")).toEqual({ EUR: sum("budgetSpent") });
});

test("whoever works for a shop is told its figures alone, whichever are asked for, be there any or not", async () => {
  const all = await shopFigures(kim(""), {});
  expect(all.map(({ shop }) => shop)).toEqual([...shops]);
  const own = all.filter(({ shop }) => shop === "a");
  expect(await shopFigures(kim("a"), {})).toEqual(own);
  expect(await shopFigures(kim("a"), { shop: "a" })).toEqual(own);
  expect(await shopFigures(kim(""), { shop: "a" })).toEqual(own);
  for (const shop of ["b", "", "nowhere"]) expect(await shopFigures(kim("a"), { shop })).toEqual([]);
  expect(await shopFigures(kim(""), { shop: "nowhere" })).toEqual([]);
  const [fresh, ...others] = await shopFigures(kim("new"), {});
  expect([fresh?.shop, fresh?.counts.filter(({ value }) => value > 0), fresh?.amounts, others]).toEqual([
    "new",
    [],
    [],
    [],
  ]);
});
