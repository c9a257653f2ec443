import { z } from "zod";
import { defineDiscount, Minor } from "../discount.ts";

const Params = z
  .strictObject({
    spend: Minor.describe("Threshold: what counts must cost at least so much, in minor units."),
    off: Minor.describe("Taken off, in minor units; at most the threshold."),
    every: z.boolean().default(false).describe("Whether it is taken off for every full threshold, not just once."),
    times: z.int().min(1).max(1_000).optional().describe("With `every`: how often at most; without it, no end."),
  })
  .refine(({ spend, off }) => off <= spend, { path: ["off"], message: "must not be more than the threshold" })
  .refine(({ every, times }) => every || times === undefined, { path: ["times"], message: "goes with `every` alone" });

/** Spend X, get Y off: Y × n, where n is 1, or ⌊amount ÷ X⌋ (at most `times`) with `every`. */
export const fullReduction = defineDiscount({
  kind: "FULL_REDUCTION",
  description: "An amount off from a threshold upwards, once or for every full threshold.",
  params: Params,
  describe: {
    en: ({ spend, off, every, times }, { money }) =>
      `${money(off)} off ${every ? "every" : "from"} ${money(spend)}${times ? `, at most ${times} times` : ""}`,
    zh: ({ spend, off, every, times }, { money }) =>
      `${every ? "每" : ""}满${money(spend)}减${money(off)}${times ? `，最多${times}次` : ""}`,
  },
  off: ({ off }, { money }) => money(off),
  maxDiscount: ({ off, every, times }) => (every ? times && times * off : off),
  threshold: ({ spend }) => spend,
  apply: ({ amount }, { spend, off, every, times = Number.POSITIVE_INFINITY }) => {
    const reached = Math.floor(amount / spend);
    return off * (every ? Math.min(reached, times) : Math.min(reached, 1));
  },
});
