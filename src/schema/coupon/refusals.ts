import { refuseCoupon } from "../../coupon/refusals.ts";
import { globalId } from "../../ids.ts";
import { refusalType } from "../kit/refusal-type.ts";

refusalType("SoldOut", refuseCoupon.soldOut, { code: "SOLD_OUT", description: "Nothing is left." });

refusalType("LimitReached", refuseCoupon.limitReached, {
  code: "LIMIT_REACHED",
  description: "The member has as many as one may have.",
  fields: (t) => ({
    limit: t.exposeInt("limit", { description: "How many one member may have." }),
    heldCouponIds: t.field({
      type: ["ID"],
      description: "The coupons that the member holds.",
      resolve: ({ held }) => held.map((id) => globalId("Coupon", id)),
    }),
  }),
});

refusalType("NotEligible", refuseCoupon.notEligible, {
  code: "NOT_ELIGIBLE",
  description: "It is for other members.",
});

refusalType("NotStarted", refuseCoupon.notStarted, {
  code: "NOT_STARTED",
  description: "It has not opened yet.",
  fields: (t) => ({ notBefore: t.expose("notBefore", { type: "DateTime", description: "When it opens." }) }),
});

refusalType("Ended", refuseCoupon.ended, { code: "ENDED", description: "It is over." });
