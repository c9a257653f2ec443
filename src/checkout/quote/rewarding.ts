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
 * can be compared and a gift cannot. The tier is the one that is reached by what is paid for the lines that count; what
 * the member cannot be given now, or not so often, is not promised. All act that may act together; of one group the one
 * whose threshold is the highest, of equal ones the one with the lower order, then the lower id. One that is exclusive
 * acts where no other does.
 */
export function whatRewards(promotions: readonly Acting[], paid: Basket, beside: readonly Acting[]) {
  const leftOut: LeftOutPromotion[] = [];
  const fault = ({ id, name }: Acting, why: Fault) => leftOut.push({ promotion: id, name, ...why });
  const reached: Rewarding[] = [];
  for (const promotion of promotions.filter((each) => !lowersPrice(each))) {
    const found = reachedTier(promotion, paid);
    if ("reason" in found) fault(promotion, found);
    else reached.push({ promotion, tier: found.tier });
  }
  const rewarding: Rewarding[] = [];
  const acting = [...beside];
  const store = new Map<string, number>();
  for (const each of reached.sort(byPlace)) {
    const gift = each.promotion.gifts?.find(({ spend }) => spend === each.tier.spend);
    const left = gift ? (store.get(gift.name) ?? gift.left) : 1;
    const reason = left <= 0 ? "NOT_GIVEN" : conflictOf(each.promotion, acting);
    if (reason) {
      fault(each.promotion, { reason, missing: null });
    } else {
      if (gift) store.set(gift.name, left - 1);
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
