import { z } from "zod";
import type { DiscountRule } from "../discount/discount.ts";
import { instant } from "../discount/kind/instant.ts";
import { percent } from "../discount/kind/percent.ts";

/** What a cart may cost at most, in minor units. */
export const dearest = 1_000_000_000_000;

const spend = z.int().nonnegative().describe("Threshold: spend at least so much, in minor units.");

/**
 * What each kind of promotion gives from a threshold upwards. One entry makes a kind: its tiers are checked by their
 * schema.
 */
export const promotionKinds = {
  FULL_REDUCTION: {
    description: "An amount off from a threshold upwards, e.g. spend 200: 30 less.",
    tier: z
      .strictObject({ spend, off: z.int().positive().describe("Taken off, in minor units; at most the threshold.") })
      .refine((tier) => tier.off <= tier.spend, { path: ["off"], message: "must not be more than the threshold" }),
  },
  DISCOUNT: {
    description: "A share off from a threshold upwards, e.g. spend 200: 5 % less.",
    tier: z.strictObject({
      spend,
      basisPointsOff: z.int().min(1).max(9_999).describe("Taken off, in hundredths of a per cent: 500 is 5 %."),
    }),
  },
  COUPON: {
    description: "A coupon for an order from a threshold upwards.",
    tier: z.strictObject({
      spend,
      couponTemplate: z.int().positive().describe("The number of the coupon's template."),
    }),
  },
  POINTS: {
    description: "Points for an order from a threshold upwards.",
    tier: z.strictObject({ spend, points: z.int().positive().max(1_000_000_000).describe("Points given.") }),
  },
} as const;

export type PromotionKind = keyof typeof promotionKinds;
export const promotionKindNames = Object.keys(promotionKinds) as [PromotionKind, ...PromotionKind[]];

function rule<Kind extends PromotionKind>(kind: Kind) {
  return z.strictObject({
    kind: z.literal(kind),
    tiers: z.array(promotionKinds[kind].tier).min(1).max(20).refine(rises, "thresholds must rise from tier to tier"),
  });
}

/** A promotion's rule: its kind, and its tiers by rising threshold. */
export const PromotionRule = z.discriminatedUnion("kind", [
  rule("FULL_REDUCTION"),
  rule("DISCOUNT"),
  rule("COUPON"),
  rule("POINTS"),
]);
export type PromotionRule = z.infer<typeof PromotionRule>;

function rises(tiers: readonly { readonly spend: number }[]): boolean {
  return tiers.every(({ spend }, i) => spend > (tiers[i - 1]?.spend ?? -1));
}

/** The tier that holds for an amount in minor units: the one with the highest threshold that it reaches, if any. */
export function tierFor<Tier extends { readonly spend: number }>(
  tiers: readonly Tier[],
  amount: number,
): Tier | undefined {
  return tiers.findLast(({ spend }) => spend <= amount);
}

/** What a tier takes off a cart that reaches it, by the rules of discounts; undefined where it gives something else. */
export function discountOfTier(tier: PromotionRule["tiers"][number]): DiscountRule | undefined {
  if ("off" in tier) return instant.rule({ off: Math.min(tier.off, dearest) });
  return "basisPointsOff" in tier ? percent.rule({ basisPointsOff: tier.basisPointsOff }) : undefined;
}

/** What a tier gives besides a lower price: a reward's kind and terms, and the field that says so. */
export interface TierReward {
  readonly kind: string;
  readonly terms: unknown;
  readonly field: string;
}

/** The reward that a tier of a kind promises, if it does. */
export function rewardOfTier(kind: PromotionKind, tier: object): TierReward | undefined {
  if (kind === "COUPON" && "couponTemplate" in tier) {
    return { kind: "COUPON", terms: { template: tier.couponTemplate }, field: "couponTemplate" };
  }
  return kind === "POINTS" && "points" in tier
    ? { kind: "POINTS", terms: { points: tier.points }, field: "points" }
    : undefined;
}
