import { conflictOf, isExclusive, orderOf } from "../../discount/stacking.ts";
import { type Acting, type Basket, type Fault, lowersPrice, reachedTier } from "./promotions.ts";
import type { LeftOutPromotion } from "./quote-shape.ts";

/** A promotion that gives something for an order, and its tier that is reached. */
interface Rewarding {
  readonly promotion: Acting;
  readonly tier: Acting["tiers"][number];
}

/**
 * The promotions that give something for an order, beside those that lower its price: these go first, because a price
 * can be compared and a gift cannot. The tier is the one that is reached by what is paid for the lines that count; one
 * that nobody can give now is not promised. All act that may act together; of one group the one whose threshold is the
 * highest, of equal ones the one with the lower order, then the lower id. One that is exclusive acts where no other
 * does.
 */
export function whatRewards(promotions: readonly Acting[], paid: Basket, beside: readonly Acting[]) {
  const leftOut: LeftOutPromotion[] = [];
  const fault = ({ id, name }: Acting, why: Fault) => leftOut.push({ promotion: id, name, ...why });
  const reached: Rewarding[] = [];
  for (const promotion of promotions.filter((each) => !lowersPrice(each))) {
    const found = reachedTier(promotion, paid);
    if ("reason" in found) fault(promotion, found);
    else if (promotion.ungiven?.includes(found.tier.spend)) fault(promotion, { reason: "NOT_GIVEN", missing: null });
    else reached.push({ promotion, tier: found.tier });
  }
  const rewarding: Rewarding[] = [];
  const acting = [...beside];
  for (const each of reached.sort(byPlace)) {
    const conflict = conflictOf(each.promotion, acting);
    if (conflict) {
      fault(each.promotion, { reason: conflict, missing: null });
    } else {
      acting.push(each.promotion);
      rewarding.push(each);
    }
  }
  return { rewarding: rewarding.map(({ promotion }) => promotion), leftOut };
}

function byPlace(a: Rewarding, b: Rewarding): number {
  return (
    Number(isExclusive(a.promotion)) - Number(isExclusive(b.promotion)) ||
    b.tier.spend - a.tier.spend ||
    orderOf(a.promotion) - orderOf(b.promotion) ||
    a.promotion.id - b.promotion.id
  );
}
