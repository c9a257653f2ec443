import { z } from "zod";
import { defineDiscount, Minor } from "../discount.ts";

/** Y off, whatever the cart costs. */
export const instant = defineDiscount({
  kind: "INSTANT",
  description: "An amount off, without a threshold.",
  params: z.strictObject({ off: Minor.describe("Taken off, in minor units.") }),
  describe: ({ off }) => `${off} off`,
  maxDiscount: ({ off }) => off,
  apply: (_part, { off }) => off,
});
