import { z } from "zod";
import { defineSettings } from "../settings-slice.ts";

const limit = z.coerce.number().int().nonnegative().optional();

/** What production needs a second person for, unless it is said: more coupons, or minor units, than these. */
const usual = { stock: 100_000, budget: 1_000_000 } as const;

/** What an installation sets of coupons. */
export const couponSettings = defineSettings(
  "coupon",
  {
    COUPON_APPROVAL_STOCK: limit,
    COUPON_APPROVAL_BUDGET: limit,
    COUPON_DAYS: z.coerce.number().int().positive().default(400),
  },
  ({ COUPON_APPROVAL_STOCK, COUPON_APPROVAL_BUDGET, COUPON_DAYS }, { secrets, production }) => ({
    /** The key of the hashes by which logs tell codes apart. */
    codeSecret: secrets.codeSecret ?? "",
    /** How long a coupon is kept after it ended, in milliseconds. */
    keepMs: COUPON_DAYS * 24 * 3_600_000,
    /** A template that gives more coupons than this needs a second person; null = none does. */
    approvalStock: COUPON_APPROVAL_STOCK ?? (production ? usual.stock : null),
    /** The same of what its coupons may cost in all, in minor units of its currency, whichever that is. */
    approvalBudget: COUPON_APPROVAL_BUDGET ?? (production ? usual.budget : null),
  }),
);
