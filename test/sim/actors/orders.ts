import type { Chance } from "../kernel/chance.ts";

/** An order as the shop's checkout knows it: what it asked, and what it was told. */
export interface ShopOrder {
  readonly orderId: string;
  readonly externalId: string;
  readonly cart: Cart;
  readonly couponIds: readonly string[];
  /** What was to be paid when it was told to be paid; it stays so, whatever comes later. */
  redeemedAt?: number;
  isCompleted?: boolean;
  /** Refunds that were answered: what went back, by their names. */
  readonly refunds: Map<string, number>;
}

export const ordersKnown = (): ShopOrder[] => [];

export interface Cart {
  readonly currency: string;
  readonly lines: readonly { id: string; goods: string; unitPrice: string; quantity: number }[];
}

export function cartBy(chance: Chance): Cart {
  const lines = Array.from({ length: chance.between(1, 3) }, (_, n) => ({
    id: `line ${n}`,
    goods: chance.pick(["tea", "cup", "pot"]),
    unitPrice: chance.pick(["999", "1700", "2500", "6001"]),
    quantity: chance.between(1, 3),
  }));
  return { currency: "EUR", lines };
}

/** What all of a cart costs before anything is taken off. */
export function priceOf({ lines }: Cart): number {
  return lines.reduce((sum, { unitPrice, quantity }) => sum + Number(unitPrice) * quantity, 0);
}

/** What is asked of every quote, so that its sums can be checked. */
export const quoteFields = `goods { amount } pay { amount } couponDiscount { amount } promotionDiscount { amount }
  coupons { couponId discount { amount } } promotions { discount { amount } } lines { id pay { amount } }`;

interface Money {
  readonly amount: string;
}

interface Quoted {
  readonly goods: Money;
  readonly pay: Money;
  readonly couponDiscount: Money;
  readonly promotionDiscount: Money;
  readonly coupons: readonly { readonly discount: Money }[];
  readonly promotions: readonly { readonly discount: Money }[];
  readonly lines: readonly { readonly pay: Money }[];
}

/** Where a quote does not add up: what it says of a cart, to the cent. */
export function quoteFaults(quote: Quoted, cart: Cart): string[] {
  const sum = (parts: readonly Money[]) => parts.reduce((all, { amount }) => all + Number(amount), 0);
  const { goods, pay, couponDiscount, promotionDiscount, coupons, promotions, lines } = quote;
  const sums = [
    ["the goods", Number(goods.amount), priceOf(cart)],
    ["what is paid and taken off", sum([pay, couponDiscount, promotionDiscount]), priceOf(cart)],
    ["its coupons", sum(coupons.map(({ discount }) => discount)), Number(couponDiscount.amount)],
    ["its promotions", sum(promotions.map(({ discount }) => discount)), Number(promotionDiscount.amount)],
    ["its lines", sum(lines.map((line) => line.pay)), Number(pay.amount)],
  ] as const;
  return sums.filter(([, is, must]) => is !== must).map(([what, is, must]) => `${what}: ${is} instead of ${must}`);
}
