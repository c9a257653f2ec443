import { z } from "zod";
import { defineSettings } from "../settings-slice.ts";

/** What production needs a second person for, unless it is said: more coupons than these. */
const usualApprovalSize = 10_000;

/** What an installation sets of distributions. */
export const distributionSettings = defineSettings(
  "distribution",
  {
    DISTRIBUTION_APPROVAL_SIZE: z.coerce.number().int().nonnegative().optional(),
    DISTRIBUTION_DAYS: z.coerce.number().int().positive().default(30),
  },
  ({ DISTRIBUTION_APPROVAL_SIZE, DISTRIBUTION_DAYS }, { production }) => ({
    /** A distribution that may give more coupons than this needs a second person; null = none does. */
    approvalSize: DISTRIBUTION_APPROVAL_SIZE ?? (production ? usualApprovalSize : null),
    /** How long the cells of a file are kept after its distribution ended, in milliseconds. */
    keepMs: DISTRIBUTION_DAYS * 24 * 3_600_000,
  }),
);
