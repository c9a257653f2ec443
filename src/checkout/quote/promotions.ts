import { eligibleLines, type Goods } from "../../discount/conditions.ts";
import { conflictOf } from "../../discount/stacking.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import { discountOfTier, tierFor } from "../../promotion/tier.ts";
import { bestTogether, type UsablePromotion } from "./promotion-search.ts";
import type { AppliedPromotion, LeftOutPromotion } from "./quote-shape.ts";
import { leftAt, sharesOf, takesOff, takeTurns } from "./turns.ts";

/** A promotion that acts, as a quote looks at it. */
export type Acting = Pick<
  Promotion,
  "id" | "shop" | "name" | "kind" | "tiers" | "currency" | "conditions" | "stacking"
> & {
  /** Whether it is for whoever buys; true unless said. */
  readonly isForMember?: boolean;
  /** What its tiers give besides, and how many more of that can be given; without them, nothing is asked. */
  readonly gifts?: readonly Gift[];
};

/** What is given from a threshold upwards; of gifts of one name there are `left` in all. */
export interface Gift {
  readonly spend: number;
  readonly name: string;
  readonly left: number;
}

/** A line as promotions look at it: what it is, and what it costs, in minor units. */
export interface PricedLine extends Goods {
  readonly id: string;
  readonly amount: number;
}

/** A cart as promotions look at it: its lines in a fixed order. */
export interface Basket {
  readonly currency: string;
  readonly lines: readonly PricedLine[];
}

/** What promotions take off lines, and what that leaves of each. */
export interface Promoted {
  /** At their turns. */
  readonly applied: readonly AppliedPromotion[];
  /** The same as they were given. */
  readonly chosen: readonly Acting[];
  readonly leftOut: readonly LeftOutPromotion[];
  /** In the order of the lines. */
  readonly left: readonly number[];
  /** Whether every legal combination was looked at or ruled out. */
  readonly isComplete: boolean;
}

type Tier = Acting["tiers"][number];

/** The lines that count for a promotion, of those it is asked of: of a shop's, that shop's alone. */
export function countingLines<Line extends Goods>(
  { conditions, shop }: Pick<Acting, "conditions" | "shop">,
  lines: readonly Line[],
): Line[] {
  return eligibleLines(conditions, shop, lines);
}

/**
 * Takes off the promotions that lower the price: the best that may act together, by order, group and id. The tier is
 * the one that the lines that count reach before anything was taken off. FULL_REDUCTION: its amount, at most what is
 * left of them. DISCOUNT: ⌊left × basis points ÷ 10,000⌋. These lines alone bear it, in proportion to what is left of
 * them, by the largest remainder. Each that does nothing says why.
 */
export function takePromotions(promotions: readonly Acting[], basket: Basket, bound?: number): Promoted {
  const leftOut: LeftOutPromotion[] = [];
  const usable: UsablePromotion<Acting>[] = [];
  const fault = ({ id, name }: Acting, why: Fault) => leftOut.push({ promotion: id, name, ...why });
  for (const promotion of promotions.filter(lowersPrice)) {
    const tried = tryPromotion(promotion, basket);
    if ("reason" in tried) fault(promotion, tried);
    else usable.push(tried);
  }
  const amounts = basket.lines.map(({ amount }) => amount);
  const best = bestTogether(usable, amounts, bound);
  const taken = takeTurns(best.promotions, amounts);
  const parts = taken.parts.filter(({ discount }) => discount > 0);
  const chosen = parts.map(({ of }) => of);
  for (const one of usable) {
    if (!chosen.includes(one))
      fault(one.promotion, { reason: conflictOf(one, chosen) ?? "NOTHING_LEFT", missing: null });
  }
  return {
    applied: parts.map(({ of: { id, promotion }, discount, lines }) => {
      return { promotion: id, name: promotion.name, discount, lines: sharesOf(basket.lines, lines) };
    }),
    chosen: chosen.map(({ promotion }) => promotion),
    leftOut,
    left: taken.left,
    isComplete: best.isComplete,
  };
}

/** Whether a promotion takes something off, and does not give something else. */
export function lowersPrice({ kind }: Acting): boolean {
  return kind === "FULL_REDUCTION" || kind === "DISCOUNT";
}

export type Fault = Pick<LeftOutPromotion, "reason" | "missing">;

/** The tier that the lines that count reach, or why the promotion does nothing for them. */
export function reachedTier(
  promotion: Acting,
  { currency, lines }: Basket,
): Fault | { tier: Tier; lines: PricedLine[] } {
  if (promotion.isForMember === false) return { reason: "NOT_ELIGIBLE", missing: null };
  if (promotion.currency !== currency) return { reason: "OTHER_CURRENCY", missing: null };
  const counting = countingLines(promotion, lines);
  if (counting.length === 0) return { reason: "NO_GOODS", missing: null };
  const amount = counting.reduce((total, line) => total + line.amount, 0);
  const tier = tierFor<Tier>(promotion.tiers, amount);
  if (tier) return { tier, lines: counting };
  return { reason: "BELOW_THRESHOLD", missing: Math.max(0, (promotion.tiers[0]?.spend ?? 0) - amount) };
}

function tryPromotion(promotion: Acting, basket: Basket): Fault | UsablePromotion<Acting> {
  const reached = reachedTier(promotion, basket);
  if ("reason" in reached) return reached;
  const rule = discountOfTier(reached.tier);
  if (!rule) throw new Error(`promotion ${promotion.id} lowers the price by a tier that takes nothing off`);
  const counting = new Set(reached.lines);
  const places = basket.lines.flatMap((line, place) => (counting.has(line) ? [place] : []));
  const amounts = basket.lines.map(({ amount }) => amount);
  const { id, stacking } = promotion;
  const usable = { id, stacking, promotion, rule, places, amount: leftAt(amounts, places), maxDiscount: null };
  const alone = takesOff(usable, amounts);
  return alone === 0 ? { reason: "NOTHING_LEFT", missing: null } : { ...usable, alone };
}
