import { z } from "zod";
import { defineMessage } from "../../queue/message.ts";

/** Takes back unused coupons of a withdrawn template: the stretch of ids that begins at `from`. */
export const couponTakeBack = defineMessage(
  "coupon-take-back",
  z.object({ template: z.int().positive(), from: z.int().nonnegative() }),
  ({ template, from }) => `coupon-take-back/${template}/${from}`,
);
