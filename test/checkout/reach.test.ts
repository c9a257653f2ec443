import { afterAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { completeOrder } from "../../src/checkout/order/complete.ts";
import { couponsInReach, quoteInReach } from "../../src/checkout/order/in-reach.ts";
import { countOrders, listOrders, lookedAtMost, type OrderFilter } from "../../src/checkout/order/list-orders.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { findOrder, ordersById } from "../../src/checkout/order/order.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../src/checkout/order/refund.ts";
import { releaseCoupons } from "../../src/checkout/order/release.ts";
import { withdrawCoupon } from "../../src/checkout/order/withdraw.ts";
import { listRewards, rewardsOfOrders } from "../../src/checkout/reward/order-reward.ts";
import type { Context } from "../../src/context.ts";
import { createPromotion, setEnabled } from "../../src/promotion/promotion.ts";
import { stacks } from "../support/orders.ts";
import { addCouponPromotion } from "../support/rewards.ts";
import { accepted } from "../support/shop.ts";
import { type Belongings, cartOfShops, heard, nothing, openCompany } from "../support/shops.ts";

const company = await openCompany();
afterAll(() => company.db.close());
const { ctx, own, of, lock, held } = company;

const page = { limit: 50 };

/** Everything that an operator of a shop may ask or do by an order, or by a coupon that orders hold. */
const asked: Readonly<Record<string, (ctx: Context, ids: Belongings) => Promise<unknown>>> = {
  "an order by its name": (kim, { orderId }) => findOrder(kim, orderId),
  "orders by id": (kim, { order }) => ordersById(kim, [order]),
  "orders after one": (kim, { order }) => listOrders(kim, { after: order, ...page }),
  "orders whose names begin so": (kim, { orderId }) => listOrders(kim, { begins: orderId, ...page }),
  "how many": (kim, { orderId }) => countOrders(kim, { begins: orderId }),
  redeem: (kim, { locked }) => redeemCoupons(kim, { orderId: locked }),
  "redeem again": (kim, { orderId }) => redeemCoupons(kim, { orderId }),
  "redeem another cart": (kim, { locked }) => redeemCoupons(kim, { orderId: locked, cart: cartOfShops("b") }),
  complete: (kim, { orderId }) => completeOrder(kim, { orderId }),
  "complete what is held": (kim, { locked }) => completeOrder(kim, { orderId: locked }),
  release: (kim, { locked }) => releaseCoupons(kim, { orderId: locked }),
  refund: (kim, { orderId }) => refundOrder(kim, { orderId, refundId: "r", policy: "GIVE_BACK" }),
  "refund too much": (kim, { orderId }) =>
    refundOrder(kim, { orderId, refundId: "r", policy: "KEEP", amount: 10 ** 9 }),
  "what it earned": (kim, { order }) => rewardsOfOrders(kim, [order]),
  "withdraw a coupon": (kim, { coupon }) => withdrawCoupon(kim, { coupon, reason: "r" }),
};

describe("whoever works for a shop hears of orders of another, and of several, what is said of what was never", () => {
  test.each(Object.entries(asked))("%s", async (_, ask) => {
    const mixed = accepted(await lock([], { cart: cartOfShops("a", "b") }));
    const several = { ...nothing, order: mixed.id, orderId: mixed.orderId, locked: mixed.orderId };
    const before = await company.rows();
    const never = await heard(ask(of("a"), nothing), nothing);
    for (const others of [own.b, own[""], several]) expect(await heard(ask(of("a"), others), others)).toBe(never);
    expect(await company.rows()).toEqual(before);
  });
});

test("an order belongs to the shop of all of its lines, as it is bought in the end", async () => {
  const shopOf = async (...shops: string[]) => accepted(await lock([], { cart: cartOfShops(...shops) })).shop;
  expect(await Promise.all([shopOf("a", "a"), shopOf("a", "b"), shopOf("a", ""), shopOf("")])).toEqual([
    "a",
    "",
    "",
    "",
  ]);
  const orderId = "changes hands";
  accepted(await lock([], { orderId, cart: cartOfShops("a") }));
  accepted(await releaseCoupons(of("a"), { orderId }));
  accepted(await lock([], { orderId, cart: cartOfShops("b") }));
  expect(await findOrder(of("a"), orderId)).toBeUndefined();
  accepted(await redeemCoupons(ctx, { orderId, cart: cartOfShops("b", "a") }));
  expect([await findOrder(of("b"), orderId), (await findOrder(of(""), orderId))?.shop]).toEqual([undefined, ""]);
});

test("lists and counts are of the shop's orders alone, whatever else is asked", async () => {
  const filters: OrderFilter[] = [{}, { member: 1 }, { begins: "order" }, { state: "REDEEMED" }, { state: "LOCKED" }];
  for (const filter of filters) {
    const all = await listOrders(of(""), { ...filter, limit: 200 });
    for (const shop of ["a", "b"]) {
      const wanted = all.filter((order) => order.shop === shop);
      expect(wanted.length).toBeGreaterThan(0);
      expect(await listOrders(of(shop), { ...filter, limit: 200 })).toEqual(wanted);
      expect(await listOrders(of(""), { ...filter, shop, limit: 200 })).toEqual(wanted);
      expect(await countOrders(of(shop), filter)).toBe(wanted.length);
      const pages = await listOrders(of(shop), { ...filter, after: wanted[0]?.id, limit: 1 });
      expect(pages).toEqual(wanted.slice(1, 2));
    }
    const none = all.filter((order) => order.shop === "");
    expect(await listOrders(of(""), { ...filter, shop: "", limit: 200 })).toEqual(none);
    expect(await listOrders(of("a"), { ...filter, shop: "b", limit: 200 })).toEqual([]);
  }
});

test("the desk of a shop redeems, completes and refunds its orders; what it sold is its own", async () => {
  const orderId = accepted(await lock([], { cart: cartOfShops("a", "a") })).orderId;
  const strange = { code: "INVALID_INPUT", issues: [{ path: "cart.lines.1.shop" }] };
  expect(await redeemCoupons(of("a"), { orderId, cart: cartOfShops("a", "b") })).toMatchObject(strange);
  const sold = accepted(await redeemCoupons(of("a"), { orderId, cart: cartOfShops("a") }));
  expect([sold.shop, sold.quote.pay]).toEqual(["a", 3_000]);
  expect(accepted(await completeOrder(of("a"), { orderId })).state).toBe("COMPLETED");
  const back = accepted(await refundOrder(of("a"), { orderId, refundId: "r", policy: "KEEP" }));
  expect(back.order.state).toBe("REFUNDED");
  const held = accepted(await lock([], { cart: cartOfShops("a") })).orderId;
  expect(accepted(await releaseCoupons(of("a"), { orderId: held })).state).toBe("RELEASED");
});

/** A promotion of whoever writes it down, that acts. */
async function takesOff(kim: Context, off: number): Promise<number> {
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: off, off }] };
  const { id } = accepted(await createPromotion(kim, { name: `${off} off`, currency: "EUR", rule, startsAt: 0 }));
  accepted(await setEnabled(kim, { id, enabled: true }));
  return id;
}

test("what acts on an order acts whoever redeems it; another's is in its sums, and not told", async () => {
  const companys = await takesOff(ctx, 100);
  const shops = await takesOff(of("a"), 200);
  await addCouponPromotion(ctx, "Thanks", [1_000]);
  const { coupon } = await held([5], { shop: "", params: { off: 50 }, ...stacks("x") });
  const { coupon: ownCoupon } = await held([5], { shop: "a", params: { off: 70 }, ...stacks("y") });
  const orderId = "named beside";
  const member = { seq: 5 };
  accepted(await lockCoupons(ctx, { orderId, member, cart: cartOfShops("a"), couponIds: [coupon, ownCoupon] }));
  const sold = accepted(await redeemCoupons(of("a"), { orderId, cart: cartOfShops("a", "a") }));
  expect(sold.quote).toMatchObject({ promotionDiscount: 300, couponDiscount: 120, pay: 5_580 });
  const told = await quoteInReach(of("a"), sold.quote);
  const ids = ({ promotions, coupons, earned }: typeof told) => ({
    promotions: promotions.map(({ promotion }) => promotion),
    coupons: coupons.map((each) => each.coupon),
    earned: earned.map(({ name }) => name),
  });
  expect(ids(told)).toEqual({ promotions: [shops], coupons: [ownCoupon], earned: [] });
  expect(ids(await quoteInReach(of(""), sold.quote))).toEqual(ids(sold.quote));
  expect(ids(sold.quote)).toEqual({ promotions: [companys, shops], coupons: [coupon, ownCoupon], earned: ["Thanks"] });
  const { promotions: _, coupons: __, leftOut, leftOutPromotions, earned: ___, ...sums } = told;
  expect(sold.quote).toMatchObject(sums);
  expect([leftOut, leftOutPromotions]).toEqual([[], []]);
  accepted(await completeOrder(of("a"), { orderId }));
  expect(await rewardsOfOrders(of(""), [sold.id])).toMatchObject([{ name: "Thanks" }]);
  expect(await rewardsOfOrders(of("a"), [sold.id])).toEqual([]);
  expect(await listRewards(of("a"), { state: "PENDING", ...page })).toEqual([]);
  await addCouponPromotion(of("a"), "Thanks from a", [1_000], { shop: "a" });
  const next = accepted(await lock([], { cart: cartOfShops("a", "b") }));
  for (const each of [next.orderId, accepted(await lock([], { cart: cartOfShops("a") })).orderId]) {
    accepted(await redeemCoupons(ctx, { orderId: each }));
    accepted(await completeOrder(ctx, { orderId: each }));
  }
  const earned = await listRewards(of("a"), { state: "PENDING", ...page });
  expect(earned.map(({ name }) => name)).toEqual(["Thanks from a"]);
  const asked = async (shop: string) =>
    (await listRewards(of(""), { state: "PENDING", shop, ...page })).map((each) => each.shop);
  expect([await asked("a"), await asked("b")]).toEqual([["a", "a", "a"], []]);
  expect(new Set(await asked(""))).toEqual(new Set([""]));
  expect((await ordersById(of("a"), [earned[0]?.order ?? 0]))[0]?.shop).toBe("a");
  const refunded = accepted(await refundOrder(of("a"), { orderId, refundId: "r", policy: "GIVE_BACK" }));
  expect(refunded.refund.givenBack).toEqual([coupon, ownCoupon]);
  expect(await couponsInReach(of("a"), refunded.refund.givenBack)).toEqual([ownCoupon]);
  for (const id of [companys, shops]) accepted(await setEnabled(ctx, { id, enabled: false }));
});

test("a coupon that is held or was used says so, and names an order to those who may know of it", async () => {
  const { coupon } = await held([6], { shop: "a" });
  const orderId = "of several";
  const member = { seq: 6 };
  accepted(await lockCoupons(ctx, { orderId, member, cart: cartOfShops("a", "b"), couponIds: [coupon] }));
  const why = async (kim: Context) => (await withdrawCoupon(kim, { coupon, reason: "r" })) as { message: string };
  expect((await why(of(""))).message).toContain(orderId);
  expect(await why(of("a"))).toMatchObject({ code: "WRONG_STATE", currentState: "LOCKED" });
  expect((await why(of("a"))).message).not.toContain(orderId);
  accepted(await redeemCoupons(ctx, { orderId }));
  expect(await why(of("a"))).toMatchObject({ currentState: "USED" });
  expect((await why(of("a"))).message).not.toContain(orderId);
});

test("however many others' names begin so, the shop's own are found", async () => {
  const { orderId } = accepted(await lock([], { orderId: "till-9", cart: cartOfShops("a") }));
  await company.db.write([
    sql`
      WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i LIMIT ${lookedAtMost})
      INSERT INTO coupon_order (order_id, shop, member, state, revision, cart, quote, pay, locked_at, locked_until)
      SELECT 'till-1' || n, 'b', 1, 'RELEASED', n, '{}', '{}', 0, 0, 0 FROM i`,
  ]);
  const found = await listOrders(of("a"), { begins: "till-", ...page });
  expect(found.map((order) => order.orderId)).toEqual([orderId]);
  await company.db.write([sql`DELETE FROM coupon_order WHERE order_id GLOB 'till-1*'`]);
});

test("orders and sums of before are told their shops by what they kept of their carts", async () => {
  const migration = await Bun.file(`${import.meta.dir}/../../migrations/0038_order_shops.sql`).text();
  const fill = migration.slice(
    migration.indexOf("UPDATE coupon_order SET shop"),
    migration.indexOf("UPDATE order_reward"),
  );
  const rows = () => company.db.all<object>(sql`SELECT id, shop FROM coupon_order ORDER BY id`);
  const sums = () => company.db.all<object>(sql`SELECT * FROM order_sum ORDER BY shop, currency`);
  const [orders, summed] = [await rows(), await sums()];
  const from = migration.indexOf("INSERT INTO order_sum");
  const reckon = migration.slice(from, migration.indexOf(";", from));
  await company.db.write([
    sql`UPDATE coupon_order SET shop = ''`,
    sql.raw(fill.replace(/;\s*$/, "")),
    sql`DELETE FROM order_sum`,
    sql.raw(reckon),
  ]);
  expect([await rows(), await sums()]).toEqual([orders, summed]);
  expect(orders.length).toBeGreaterThan(20);
});
