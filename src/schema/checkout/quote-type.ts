import type { AppliedCoupon, AppliedPromotion, Earned, Quote, QuotedLine } from "../../checkout/quote/quote-shape.ts";
import { globalId } from "../../ids.ts";
import { builder } from "../kit/builder.ts";
import { moneyField } from "../kit/money.ts";
import { couponTemplateIdOf, pointsOf } from "./gift.ts";
import { LeftOutPromotionType } from "./left-out-promotion.ts";
import { UnusableCouponType } from "./refusals.ts";

const readers = { member: true, role: "viewer", service: "orders:write" } as const;

/** A part of a quote, whose amounts are of the quote's currency. */
type Priced<Part> = Part & { readonly currency: string };

const LineShare = builder.objectRef<Priced<AppliedCoupon["lines"][number]>>("LineDiscount").implement({
  description: "What a line bears of a discount.",
  authScopes: readers,
  fields: (t) => ({
    line: t.exposeString("line", { description: "Id of the line." }),
    discount: moneyField(t, "How much, from one minor unit.", ({ discount }) => discount),
  }),
});

const AppliedPromotionType = builder.objectRef<Priced<AppliedPromotion>>("QuotedPromotion").implement({
  description: "A promotion that lowers the price of a cart.",
  authScopes: readers,
  fields: (t) => ({
    promotionId: t.id({ description: "Its id.", resolve: ({ promotion }) => globalId("Promotion", promotion) }),
    name: t.exposeString("name", { description: "Its name." }),
    discount: moneyField(t, "What it takes off.", ({ discount }) => discount),
    lines: t.field({
      type: [LineShare],
      description: "The lines that bear it; adds up to it exactly.",
      resolve: (part) => inCurrency(part.lines, part),
    }),
  }),
});

const AppliedCouponType = builder.objectRef<Priced<AppliedCoupon>>("QuotedCoupon").implement({
  description: "A coupon that is used on a cart.",
  authScopes: readers,
  fields: (t) => ({
    couponId: t.id({ description: "Its id.", resolve: ({ coupon }) => globalId("Coupon", coupon) }),
    name: t.exposeString("name", { description: "The name of its template." }),
    discount: moneyField(t, "What it takes off.", ({ discount }) => discount),
    lines: t.field({
      type: [LineShare],
      description: "The lines that bear it; adds up to it exactly.",
      resolve: (part) => inCurrency(part.lines, part),
    }),
  }),
});

const EarnedType = builder.objectRef<Earned>("QuotedReward").implement({
  description: "What a promotion gives for an order like this when it is complete, besides the price.",
  authScopes: readers,
  fields: (t) => ({
    promotionId: t.id({
      description: "Id of the promotion.",
      resolve: ({ promotion }) => globalId("Promotion", promotion),
    }),
    name: t.exposeString("name", { description: "The promotion's name." }),
    kind: t.string({ description: "What kind of reward, e.g. COUPON.", resolve: ({ reward }) => reward.kind }),
    couponTemplateId: t.id({
      nullable: true,
      description: "Of which coupons.",
      resolve: ({ reward }) => couponTemplateIdOf(reward),
    }),
    points: t.int({ nullable: true, description: "Points.", resolve: ({ reward }) => pointsOf(reward) }),
    lines: t.exposeStringList("lines", { description: "Ids of the lines whose payment counts for it." }),
  }),
});

const QuotedLineType = builder.objectRef<Priced<QuotedLine>>("QuotedLine").implement({
  description: "What a line costs: amount − promotions − coupons = pay.",
  authScopes: readers,
  fields: (t) => ({
    id: t.exposeString("id", { description: "The line's id in the cart." }),
    amount: moneyField(t, "Unit price × quantity.", ({ amount }) => amount),
    promotions: moneyField(t, "Taken off by promotions.", ({ promotions }) => promotions),
    coupons: moneyField(t, "Taken off by coupons.", ({ coupons }) => coupons),
    pay: moneyField(t, "What is left to pay, from 0.", ({ pay }) => pay),
  }),
});

/** The parts with the currency of what they are parts of. */
export function inCurrency<Part extends object>(
  parts: readonly Part[],
  { currency }: { readonly currency: string },
): Priced<Part>[] {
  return parts.map((part) => ({ ...part, currency }));
}

export const QuoteType = builder.objectRef<Quote>("CartQuote").implement({
  description:
    "What a cart costs: goods − promotionDiscount − couponDiscount = pay. Promotions come first, then coupons; each " +
    "discount is rounded down to a minor unit and split over the lines that it counts for by the largest remainder.",
  authScopes: readers,
  fields: (t) => ({
    currency: t.exposeString("currency", { description: "ISO 4217." }),
    goods: moneyField(t, "What the lines cost at first.", ({ goods }) => goods),
    promotionDiscount: moneyField(t, "By promotions.", ({ promotionDiscount }) => promotionDiscount),
    couponDiscount: moneyField(t, "By coupons.", ({ couponDiscount }) => couponDiscount),
    pay: moneyField(t, "What is to pay, from 0.", ({ pay }) => pay),
    lines: t.field({
      type: [QuotedLineType],
      description: "In the order of the cart.",
      resolve: (quote) => inCurrency(quote.lines, quote),
    }),
    promotions: t.field({
      type: [AppliedPromotionType],
      description: "As they were applied.",
      resolve: (quote) => inCurrency(quote.promotions, quote),
    }),
    coupons: t.field({
      type: [AppliedCouponType],
      description: "As they were applied.",
      resolve: (quote) => inCurrency(quote.coupons, quote),
    }),
    leftOut: t.field({
      type: [UnusableCouponType],
      description: "Coupons that are not used, and why.",
      resolve: (quote) => inCurrency(quote.leftOut, quote),
    }),
    leftOutPromotions: t.field({
      type: [LeftOutPromotionType],
      description: "Promotions that act now, but not on this cart, and why.",
      resolve: (quote) => inCurrency(quote.leftOutPromotions, quote),
    }),
    earned: t.expose("earned", {
      type: [EarnedType],
      description:
        "What promotions give for an order on which so much is paid, once it is complete. Quotes that were agreed " +
        "before Fanfare gave it say it, and give nothing.",
    }),
    complete: t.exposeBoolean("isComplete", {
      description: "Whether all combinations were looked at; false when there were too many to be sure.",
    }),
  }),
});
