import { rewardOfTier, tierFor } from "../../promotion/tier.ts";
import type { CartLine } from "../cart.ts";
import { type Acting, countingLines } from "./promotions.ts";
import type { Earned } from "./quote-shape.ts";
import { sum } from "./turns.ts";

/**
 * What promotions give besides the price, for an order on whose lines so much is paid (`pay`, in their order), by
 * rising id of the promotion. Each carries what it takes to reckon it again when some went back; see
 * {@link earnedTier}.
 */
export function earnedFor(promotions: readonly Acting[], lines: readonly CartLine[], pay: readonly number[]): Earned[] {
  const paid = new Map(lines.map(({ id }, i) => [id, pay[i] ?? 0]));
  return [...promotions]
    .sort((a, b) => a.id - b.id)
    .flatMap((promotion) => {
      const counting = countingLines(promotion, lines).map(({ id }) => id);
      const promised = { promotion: promotion.id, name: promotion.name, lines: counting, tiers: tiersOf(promotion) };
      const reached = earnedTier(promised, (line) => paid.get(line) ?? 0);
      return reached && counting.length > 0 ? [{ ...promised, reward: reached.reward }] : [];
    });
}

/** The tiers that give something besides the price. */
function tiersOf({ kind, tiers }: Acting): Earned["tiers"] {
  return tiers.flatMap((tier) => {
    const gift = rewardOfTier(kind, tier);
    return gift ? [{ spend: tier.spend, reward: { kind: gift.kind, terms: gift.terms } }] : [];
  });
}

/**
 * The tier of what was earned that the payment for the lines which count still reaches; `paid` says what counts of a
 * line, in minor units. Undefined where it reaches none.
 */
export function earnedTier(
  { tiers, lines }: Pick<Earned, "tiers" | "lines">,
  paid: (line: string) => number,
): Earned["tiers"][number] | undefined {
  return tierFor(tiers, sum(lines.map(paid)));
}
