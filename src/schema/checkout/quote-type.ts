import type { AppliedCoupon, AppliedPromotion, Earned, Quote, QuotedLine } from "../../checkout/quote/quote-shape.ts";
import { globalId } from "../../ids.ts";
import { builder } from "../kit/builder.ts";
import { UnusableCouponType } from "./refusals.ts";

const readers = { member: true, role: "viewer", service: "orders:write" } as const;

const LineShare = builder.objectRef<AppliedCoupon["lines"][number]>("LineDiscount").implement({
  description: "What a line bears of a discount.",
  authScopes: readers,
  fields: (t) => ({
    line: t.exposeString("line", { description: "Id of the line." }),
    discount: t.expose("discount", { type: "BigInt", description: "Minor units, from 1." }),
  }),
});

const AppliedPromotionType = builder.objectRef<AppliedPromotion>("QuotedPromotion").implement({
  description: "A promotion that lowers the price of a cart.",
  authScopes: readers,
  fields: (t) => ({
    promotionId: t.id({ description: "Its id.", resolve: ({ promotion }) => globalId("Promotion", promotion) }),
    name: t.exposeString("name", { description: "Its name." }),
    discount: t.expose("discount", { type: "BigInt", description: "What it takes off, in minor units." }),
    lines: t.expose("lines", { type: [LineShare], description: "The lines that bear it; adds up to it exactly." }),
  }),
});

const AppliedCouponType = builder.objectRef<AppliedCoupon>("QuotedCoupon").implement({
  description: "A coupon that is used on a cart.",
  authScopes: readers,
  fields: (t) => ({
    couponId: t.id({ description: "Its id.", resolve: ({ coupon }) => globalId("Coupon", coupon) }),
    name: t.exposeString("name", { description: "The name of its template." }),
    discount: t.expose("discount", { type: "BigInt", description: "What it takes off, in minor units." }),
    lines: t.expose("lines", { type: [LineShare], description: "The lines that bear it; adds up to it exactly." }),
  }),
});

const EarnedType = builder.objectRef<Earned>("QuotedReward").implement({
  description: "What a promotion gives for an order like this, besides the price: a coupon or points.",
  authScopes: readers,
  fields: (t) => ({
    promotionId: t.id({
      description: "Id of the promotion.",
      resolve: ({ promotion }) => globalId("Promotion", promotion),
    }),
    name: t.exposeString("name", { description: "The promotion's name." }),
    couponTemplateId: t.id({
      nullable: true,
      description: "Of which coupons.",
      resolve: ({ couponTemplate }) => (couponTemplate === null ? null : globalId("CouponTemplate", couponTemplate)),
    }),
    points: t.exposeInt("points", { nullable: true, description: "Points." }),
  }),
});

const QuotedLineType = builder.objectRef<QuotedLine>("QuotedLine").implement({
  description: "What a line costs: amount − promotions − coupons = pay.",
  authScopes: readers,
  fields: (t) => ({
    id: t.exposeString("id", { description: "The line's id in the cart." }),
    amount: t.expose("amount", { type: "BigInt", description: "Unit price × quantity, in minor units." }),
    promotions: t.expose("promotions", { type: "BigInt", description: "Taken off by promotions, in minor units." }),
    coupons: t.expose("coupons", { type: "BigInt", description: "Taken off by coupons, in minor units." }),
    pay: t.expose("pay", { type: "BigInt", description: "What is left to pay, in minor units, from 0." }),
  }),
});

export const QuoteType = builder.objectRef<Quote>("CartQuote").implement({
  description:
    "What a cart costs: goods − promotionDiscount − couponDiscount = pay. Promotions come first, then coupons; each " +
    "discount is rounded down to a minor unit and split over the lines that it counts for by the largest remainder.",
  authScopes: readers,
  fields: (t) => ({
    currency: t.exposeString("currency", { description: "ISO 4217." }),
    goods: t.expose("goods", { type: "BigInt", description: "What the lines cost at first, in minor units." }),
    promotionDiscount: t.expose("promotionDiscount", { type: "BigInt", description: "By promotions, in minor units." }),
    couponDiscount: t.expose("couponDiscount", { type: "BigInt", description: "By coupons, in minor units." }),
    pay: t.expose("pay", { type: "BigInt", description: "What is to pay, in minor units, from 0." }),
    lines: t.expose("lines", { type: [QuotedLineType], description: "In the order of the cart." }),
    promotions: t.expose("promotions", { type: [AppliedPromotionType], description: "As they were applied." }),
    coupons: t.expose("coupons", { type: [AppliedCouponType], description: "As they were applied." }),
    leftOut: t.expose("leftOut", { type: [UnusableCouponType], description: "Coupons that are not used, and why." }),
    earned: t.expose("earned", {
      type: [EarnedType],
      description: "What promotions give for an order on which so much is paid. It is told here, not given.",
    }),
    complete: t.exposeBoolean("isComplete", {
      description: "Whether all combinations of coupons were looked at; false when there were too many to be sure.",
    }),
  }),
});
