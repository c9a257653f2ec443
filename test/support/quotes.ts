import { expect } from "bun:test";
import type { Cart } from "../../src/checkout/cart.ts";
import type { Quote } from "../../src/checkout/quote/quote-shape.ts";

export const add = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0);

/** What the lines of a quote bear of each discount. */
function borne(of: readonly { readonly lines: readonly { line: string; discount: number }[] }[], id: string): number {
  return add(of.flatMap(({ lines }) => lines.filter(({ line }) => line === id).map(({ discount }) => discount)));
}

/** Every sum of a quote is exact, and nothing is below zero or above what it is taken off. */
export function expectSound(cart: Cart, told: Quote): void {
  const amounts = cart.lines.map(({ unitPrice, quantity }) => unitPrice * quantity);
  expect(told.goods).toBe(add(amounts));
  expect(told.goods - told.promotionDiscount - told.couponDiscount).toBe(told.pay);
  for (const each of [...told.promotions, ...told.coupons]) {
    expect(add(each.lines.map(({ discount }) => discount))).toBe(each.discount);
    expect(each.discount).toBeGreaterThan(0);
  }
  expect(add(told.promotions.map(({ discount }) => discount))).toBe(told.promotionDiscount);
  expect(add(told.coupons.map(({ discount }) => discount))).toBe(told.couponDiscount);
  expect(told.lines.map(({ id }) => id)).toEqual(cart.lines.map(({ id }) => id));
  for (const [n, line] of told.lines.entries()) {
    expect([line.amount, line.amount - line.promotions - line.coupons]).toEqual([amounts[n]!, line.pay]);
    expect([line.promotions, line.coupons]).toEqual([borne(told.promotions, line.id), borne(told.coupons, line.id)]);
    for (const part of [line.promotions, line.coupons, line.pay]) {
      expect(Number.isSafeInteger(part) && part >= 0 && part <= line.amount).toBe(true);
    }
  }
  expect(add(told.lines.map(({ pay }) => pay))).toBe(told.pay);
}
