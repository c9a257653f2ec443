import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { settleRewards } from "../../../src/checkout/giving/settle-rewards.ts";
import { completeOrder } from "../../../src/checkout/order/complete.ts";
import { redeemCoupons } from "../../../src/checkout/order/redeem.ts";
import { type PricingInput, priceCart } from "../../../src/checkout/quote/quote.ts";
import { carts, coupons, now, promotions } from "../../support/carts.ts";
import { counted } from "../../support/length.ts";
import { addCouponPromotion, earnedBy } from "../../support/rewards.ts";
import { accepted } from "../../support/shop.ts";
import { cartOfShops, openCompany } from "../../support/shops.ts";

const seed = Date.now() % 2_147_483_647;
console.log(`shops of quotes: seed ${seed}`);
const check = (property: Parameters<typeof fc.assert>[0], runs: number) =>
  fc.assert(property, { seed, numRuns: counted(runs, 20 * runs) });

const company = await openCompany();
afterAll(() => company.db.close());

const quote = (input: Pick<PricingInput, "cart"> & Partial<PricingInput>) =>
  priceCart({ promotions: [], coupons: [], areChosen: false, now, ...input });

test("what is of a shop takes off that shop's lines alone, and is earned by these", () => {
  let [shared, earning] = [0, 0];
  check(
    fc.property(carts, promotions(5), coupons(6), fc.boolean(), (cart, acting, list, areChosen) => {
      const told = quote({ cart, promotions: acting, coupons: list, areChosen });
      const shopOfLine = new Map(cart.lines.map(({ id, shop }) => [id, shop]));
      const foreign = (shop: string, lines: readonly string[]) =>
        shop === "" ? [] : lines.filter((line) => shopOfLine.get(line) !== shop);
      const bears = ({ lines }: (typeof told.coupons)[number] | (typeof told.promotions)[number]) =>
        lines.map(({ line }) => line);
      for (const each of told.coupons) {
        expect(foreign(list.find(({ id }) => id === each.coupon)!.shop, bears(each))).toEqual([]);
      }
      for (const each of told.promotions) expect(foreign(acting[each.promotion - 1]!.shop, bears(each))).toEqual([]);
      for (const { promotion, lines } of told.earned) expect(foreign(acting[promotion - 1]!.shop, lines)).toEqual([]);
      const isMixed = new Set(cart.lines.map(({ shop }) => shop)).size > 1;
      if (isMixed) shared += told.coupons.length + told.promotions.length;
      earning += told.earned.length;
    }),
    200,
  );
  expect([shared > 10, earning > 3]).toEqual([true, true]);
});

test("beside other shops' lines it takes off as much as without them, and misses as much", () => {
  check(
    fc.property(carts, promotions(1), coupons(1), (cart, acting, list) => {
      const shop = acting[0]?.shop || list[0]?.shop || "s1";
      const lines = cart.lines.filter((line) => line.shop === shop);
      fc.pre(lines.length > 0);
      for (const one of [
        { promotions: acting.filter((each) => each.shop === shop), coupons: [] },
        { promotions: [], coupons: list.filter((each) => each.shop === shop) },
      ]) {
        const [mixed, alone] = [quote({ cart, ...one }), quote({ cart: { ...cart, lines }, ...one })];
        const said = ({ goods: _, pay: __, lines: ___, ...rest }: typeof mixed) => rest;
        expect(said(mixed)).toEqual(said(alone));
        expect(mixed.goods - mixed.pay).toBe(alone.goods - alone.pay);
      }
    }),
    150,
  );
});

test("what a shop's promotion gives is earned, kept and lost by what is paid for the shop's lines", async () => {
  const { ctx, of, lock, refund } = company;
  await addCouponPromotion(of("a"), "Of a", [5_000, 6_000], { shop: "a" });
  const buy = async (...shops: string[]) => {
    const { orderId, id, quote: agreed } = accepted(await lock([], { cart: cartOfShops(...shops) }));
    accepted(await redeemCoupons(ctx, { orderId }));
    accepted(await completeOrder(ctx, { orderId }));
    await settleRewards(ctx, { order: id });
    const back = async (refundId: string, lines: string[], amount?: number) => {
      accepted(await refund(orderId, { refundId, lines, ...(amount !== undefined && { amount }) }));
      await settleRewards(ctx, { order: id });
      return earnedBy(ctx, orderId);
    };
    return { earned: agreed.earned.map(({ lines }) => lines), given: await earnedBy(ctx, orderId), back };
  };
  expect(await buy("a", "b", "")).toMatchObject({ earned: [], given: [] });
  const order = await buy("a", "b", "a", "");
  expect(order).toMatchObject({ earned: [["l0", "l2"]], given: ["GIVEN 6000"] });
  expect(await order.back("others", ["l1", "l3"])).toEqual(["GIVEN 6000"]);
  expect(await order.back("some", ["l0"], 500)).toEqual(["TAKEN_BACK 6000", "GIVEN 5000"]);
  expect(await order.back("more", ["l2"], 1_000)).toEqual(["TAKEN_BACK 6000", "TAKEN_BACK 5000"]);
});
