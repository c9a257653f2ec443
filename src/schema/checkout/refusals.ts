import { refuseCoupons, type UnusableCoupon, type UnusableReason } from "../../checkout/refusals.ts";
import { globalId } from "../../ids.ts";
import { builder } from "../kit/builder.ts";
import { maybeMoney } from "../kit/money.ts";
import { refusalType } from "../kit/refusal-type.ts";

const UnusableReasonEnum = builder.enumType("UnusableReason", {
  description: "Why a coupon takes nothing off a cart.",
  values: {
    NOT_FOUND: { description: "The member holds no such coupon." },
    LOCKED: { description: "It is held for another order." },
    USED: { description: "It was spent." },
    WITHDRAWN: { description: "The shop took it back." },
    EXPIRED: { description: "It was not used in time." },
    NOT_YET_VALID: { description: "It can be used later." },
    OTHER_CURRENCY: { description: "It is for carts in another currency." },
    NO_GOODS: { description: "No line of the cart counts for it." },
    BELOW_THRESHOLD: { description: "The lines that count cost too little; `missing` says how much." },
    NOTHING_LEFT: { description: "Promotions and other coupons leave nothing for it to take off." },
    BUDGET_SPENT: { description: "What it may cost the shop is spent." },
    EXCLUSIVE: { description: "It, or one that is used, must stand alone." },
    SAME_GROUP: { description: "Another one of its group is used." },
    NOT_BETTER: { description: "Others take more off without it." },
  } as const satisfies Record<UnusableReason, { description: string }>,
});

/** A coupon that is not used on a cart; both faces and the refusal show it alike. */
export const UnusableCouponType = builder
  .objectRef<UnusableCoupon & { readonly currency: string }>("UnusableCoupon")
  .implement({
    description: "A coupon that is not used on a cart, and why.",
    authScopes: { public: true },
    fields: (t) => ({
      couponId: t.id({
        description: "Id of the coupon.",
        resolve: ({ coupon }) => globalId("Coupon", coupon),
      }),
      reason: t.expose("reason", { type: UnusableReasonEnum, description: "Why." }),
      missing: maybeMoney(
        t,
        "BELOW_THRESHOLD: how much more the lines that count would have to cost.",
        ({ missing }) => missing,
      ),
    }),
  });

refusalType("CouponUnusable", refuseCoupons, {
  code: "COUPON_UNUSABLE",
  description: "Some of the coupons named cannot be used on this cart.",
  fields: (t) => ({
    unusable: t.expose("unusable", { type: [UnusableCouponType], description: "Which of them, and why." }),
  }),
});
