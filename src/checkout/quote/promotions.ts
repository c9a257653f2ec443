import { allocate } from "../../discount/allocation.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import { discountOfTier, tierFor } from "../../promotion/tier.ts";
import type { AppliedPromotion } from "./quote-shape.ts";

/** A promotion as a quote looks at it. */
export type Acting = Pick<Promotion, "id" | "name" | "kind" | "tiers" | "currency">;

/** What promotions take off lines, and what that leaves of each. */
export interface Promoted {
  readonly applied: readonly AppliedPromotion[];
  /** In the order of the lines. */
  readonly left: readonly number[];
}

/**
 * Takes the promotions off, by rising id. The tier is the one that the goods reach before anything was taken off.
 * FULL_REDUCTION: its amount, at most what is left. DISCOUNT: ⌊left × basis points ÷ 10,000⌋. Lines bear it in
 * proportion to what is left of them, by the largest remainder. Other kinds take nothing off.
 */
export function takePromotions(
  promotions: readonly Acting[],
  lines: readonly { readonly id: string; readonly amount: number }[],
): Promoted {
  const goods = sum(lines.map(({ amount }) => amount));
  const applied: AppliedPromotion[] = [];
  let left = lines.map(({ amount }) => amount);
  for (const promotion of [...promotions].sort((a, b) => a.id - b.id)) {
    const discount = discountOf(promotion, goods, sum(left));
    if (discount === 0) continue;
    const parts = allocate(discount, left);
    left = left.map((each, i) => each - (parts[i] ?? 0));
    applied.push({ promotion: promotion.id, name: promotion.name, discount, lines: sharesOf(lines, parts) });
  }
  return { applied, left };
}

/** What lines bear, by their ids. */
export function sharesOf(lines: readonly { readonly id: string }[], parts: readonly number[]) {
  return lines.map(({ id }, i) => ({ line: id, discount: parts[i] ?? 0 })).filter(({ discount }) => discount > 0);
}

function discountOf({ tiers }: Acting, goods: number, left: number): number {
  const tier = tierFor<Acting["tiers"][number]>(tiers, goods);
  return (tier && discountOfTier(tier)?.({ amount: goods, left })) ?? 0;
}

/** The lines that count for a promotion. */
export function countingLines<Line>(_promotion: Acting, lines: readonly Line[]): readonly Line[] {
  return lines;
}

export function sum(list: readonly number[]): number {
  return list.reduce((total, each) => total + each, 0);
}
