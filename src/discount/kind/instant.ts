import { z } from "zod";
import { defineDiscount, Minor } from "../discount.ts";

/** Y off, whatever the cart costs. */
export const instant = defineDiscount({
  kind: "INSTANT",
  description: "An amount off, without a threshold.",
  params: z.strictObject({ off: Minor.describe("Taken off, in minor units.") }),
  describe: {
    en: ({ off }, { money }) => `${money(off)} off`,
    zh: ({ off }, { money }) => `立减${money(off)}`,
  },
  off: ({ off }, { money }) => money(off),
  maxDiscount: ({ off }) => off,
  apply: (_part, { off }) => off,
});
