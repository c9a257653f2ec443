import { discountOfTier, tierFor } from "../../promotion/tier.ts";
import type { CartLine } from "../cart.ts";
import { type Acting, countingLines } from "./promotions.ts";
import type { Earned } from "./quote-shape.ts";
import { sum } from "./turns.ts";

/**
 * What promotions give besides the price, for an order on whose lines so much is paid (`pay`, in their order), by
 * rising id of the promotion: the tier is the one that the payment for the lines that count reaches.
 */
export function earnedFor(promotions: readonly Acting[], lines: readonly CartLine[], pay: readonly number[]): Earned[] {
  const paid = new Map(lines.map(({ id }, i) => [id, pay[i] ?? 0]));
  return [...promotions]
    .sort((a, b) => a.id - b.id)
    .flatMap((promotion) => {
      const counting = countingLines(promotion, lines);
      const tier = tierFor<Acting["tiers"][number]>(promotion.tiers, sum(counting.map(({ id }) => paid.get(id) ?? 0)));
      if (tier === undefined || discountOfTier(tier)) return [];
      const couponTemplate = "couponTemplate" in tier ? tier.couponTemplate : null;
      const points = "points" in tier ? tier.points : null;
      return [{ promotion: promotion.id, name: promotion.name, couponTemplate, points }];
    });
}
