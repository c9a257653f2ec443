import { defineSettings } from "../settings-slice.ts";

/** What coupons keep secret: the key of the hashes by which logs tell codes apart. */
export const couponSettings = defineSettings("coupon", {}, (_values, { secrets }) => ({
  codeSecret: secrets.codeSecret ?? "",
}));
