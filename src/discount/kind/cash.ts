import { z } from "zod";
import { defineDiscount, Minor } from "../discount.ts";

/** Pays for what the other coupons left, up to its face value; what is not needed of it is lost. */
export const cash = defineDiscount({
  kind: "CASH",
  description: "Used like money, after all other coupons, up to its face value.",
  isMoney: true,
  params: z.strictObject({ value: Minor.describe("Face value, in minor units.") }),
  describe: {
    en: ({ value }, { money }) => `worth ${money(value)}`,
    zh: ({ value }, { money }) => `抵用${money(value)}`,
  },
  off: ({ value }, { money }) => money(value),
  maxDiscount: ({ value }) => value,
  apply: (_part, { value }) => value,
});
