import { z } from "zod";
import { defineSettings } from "../settings-slice.ts";

/** What an installation sets of coupons. */
export const couponSettings = defineSettings(
  "coupon",
  { COUPON_DAYS: z.coerce.number().int().positive().default(400) },
  ({ COUPON_DAYS }, { secrets }) => ({
    /** The key of the hashes by which logs tell codes apart. */
    codeSecret: secrets.codeSecret ?? "",
    /** How long a coupon is kept after it ended, in milliseconds. */
    keepMs: COUPON_DAYS * 24 * 3_600_000,
  }),
);
