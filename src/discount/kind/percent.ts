import { z } from "zod";
import { share } from "../allocation.ts";
import { defineDiscount, Minor } from "../discount.ts";

const Params = z.strictObject({
  basisPointsOff: z.int().min(1).max(10_000).describe("Taken off, in hundredths of a per cent: 500 is 5 %."),
  cap: Minor.optional().describe("At most so much is taken off, in minor units; needed with a budget."),
});

/** What is left to pay as Chinese says it, in tenths: 9.5折. */
export function tenths(basisPointsOff: number): string {
  return basisPointsOff === 10_000 ? "免单" : `${(10_000 - basisPointsOff) / 1_000}折`;
}

/** A share off, at most a cap: ⌊left × basis points ÷ 10,000⌋, so a fraction of a minor unit stays with the shop. */
export const percent = defineDiscount({
  kind: "DISCOUNT",
  description: "A share off what is left when its turn comes, at most a cap.",
  params: Params,
  describe: {
    en: ({ basisPointsOff, cap }, { money, shareText }) =>
      `${shareText(basisPointsOff)} off${cap ? `, at most ${money(cap)}` : ""}`,
    // Chinese says what is left to pay, in tenths: 5 % off is 9.5 折.
    zh: ({ basisPointsOff, cap }, { money }) => `${tenths(basisPointsOff)}${cap ? `，最多减${money(cap)}` : ""}`,
  },
  off: ({ basisPointsOff }, { shareText }) => shareText(basisPointsOff),
  maxDiscount: ({ cap }) => cap,
  apply: ({ left }, { basisPointsOff, cap = left }) => Math.min(share(left, basisPointsOff, 10_000), cap),
});
