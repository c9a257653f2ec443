import type { LeftOutPromotion, promotionReasons } from "../../checkout/quote/quote-shape.ts";
import { globalId } from "../../ids.ts";
import { builder } from "../kit/builder.ts";
import { maybeMoney } from "../kit/money.ts";

const ReasonEnum = builder.enumType("LeftOutPromotionReason", {
  description: "Why a promotion does nothing for a cart.",
  values: {
    OTHER_CURRENCY: { description: "Its amounts are of another currency than the cart's." },
    NOT_ELIGIBLE: { description: "It is for others; members are not told of it." },
    NO_GOODS: { description: "No line of the cart counts for it." },
    BELOW_THRESHOLD: {
      description: "The lines that count cost too little, or, for what it gives, too little is paid for them.",
    },
    NOTHING_LEFT: { description: "There is nothing that it could take off, or others leave nothing." },
    EXCLUSIVE: { description: "It, or one that acts, must stand alone, and what acts is worth more." },
    SAME_GROUP: { description: "A better one of its group acts." },
    NOT_GIVEN: {
      description:
        "What it gives cannot be given to this member now: nothing is left, the member has as many as one may, or is " +
        "not one whom the coupons are for.",
    },
  } as const satisfies Record<(typeof promotionReasons)[number], { description: string }>,
});

/** A promotion that acts, but not on a cart, with the cart's currency. */
export const LeftOutPromotionType = builder
  .objectRef<LeftOutPromotion & { readonly currency: string }>("LeftOutPromotion")
  .implement({
    description: "A promotion that acts now, but not on a cart, and why.",
    authScopes: { member: true, role: "viewer", service: "orders:write" },
    fields: (t) => ({
      promotionId: t.id({ description: "Its id.", resolve: ({ promotion }) => globalId("Promotion", promotion) }),
      name: t.exposeString("name", { description: "Its name." }),
      reason: t.expose("reason", { type: ReasonEnum, description: "Why." }),
      missing: maybeMoney(
        t,
        "BELOW_THRESHOLD: how much more the lines that count would have to cost, for the lowest threshold.",
        ({ missing }) => missing,
      ),
    }),
  });
