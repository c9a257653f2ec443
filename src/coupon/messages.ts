import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

/** The flow of what fills pools: one step at a time. */
export const codesFlow = "codes";

/** Add the next codes to a pool that has `from` of them. */
export const couponPool = defineMessage(
  "coupon-pool",
  z.object({ pool: z.int().positive(), from: z.int().nonnegative() }),
  ({ pool, from }) => `pool/${pool}/${from}`,
);

/** Expire unused coupons whose time is over. Comes every minute, and again at once while there are more. */
export const couponExpire = defineMessage("coupon-expire", z.object({}), () => "coupon-expire");

/** Take back unused coupons of a withdrawn template: the range of ids that begins at `from`. */
export const couponTakeBack = defineMessage(
  "coupon-take-back",
  z.object({ template: z.int().positive(), from: z.int().nonnegative() }),
  ({ template, from }) => `coupon-take-back/${template}/${from}`,
);
