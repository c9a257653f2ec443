import { conflictOf, isLegal } from "../../discount/stacking.ts";
import type { Cart } from "../cart.ts";
import type { UnusableReason } from "../refusals.ts";
import { type CandidateCoupon, type Priced, takeCoupons, takesOff, tryCoupon, type UsableCoupon } from "./coupons.ts";
import { earnedFor } from "./earned.ts";
import { type Acting, sharesOf, sum, takePromotions } from "./promotions.ts";
import type { AppliedCoupon, LeftOut, Quote } from "./quote-shape.ts";
import { bestCombination } from "./search.ts";

/** What a settlement depends on, and nothing else. */
export interface PricingInput {
  readonly cart: Cart;
  /** Those that act now. */
  readonly promotions: readonly Acting[];
  readonly coupons: readonly CandidateCoupon[];
  /**
   * Whether these were asked for: then all of them are used where that is legal. Otherwise the best combination of them
   * is looked for.
   */
  readonly areChosen: boolean;
  /** ms. */
  readonly now: number;
  /** Combinations looked at, at most. */
  readonly bound?: number;
}

/**
 * What a cart costs. Promotions come first, then coupons: what is used like money last, else by their order, group and
 * id. Thresholds are held against what the goods that count cost after promotions, before any coupon; a discount is
 * computed of what the coupons before have left, rounded down to a minor unit, and split over its lines in proportion
 * to what is left of them by the largest remainder, of equal ones to the line whose id sorts first. The order in which
 * lines, promotions and coupons are given says nothing. Promotions of another currency than the cart's are left out.
 */
export function priceCart({ cart, coupons, areChosen, now, bound, ...acting }: PricingInput): Quote {
  const { ofCart: promotions = [], others: leftOutPromotions = [] } = Object.groupBy(acting.promotions, (promotion) =>
    promotion.currency === cart.currency ? "ofCart" : "others",
  );
  const lines = [...cart.lines].sort((a, b) => (a.id < b.id ? -1 : 1));
  const amounts = lines.map(({ id, unitPrice, quantity }) => ({ id, amount: unitPrice * quantity }));
  const promoted = takePromotions(promotions, amounts);
  const priced: Priced = { currency: cart.currency, lines, left: promoted.left };
  const { usable, leftOut } = sorted(coupons, priced, now);
  const best = choose(usable, priced, areChosen, bound);
  const taken = takeCoupons(best.coupons, priced.left);
  const used = taken.parts.filter(({ discount }) => discount > 0);
  const chosen = used.map(({ coupon }) => coupon);
  const others = usable.filter((coupon) => !chosen.includes(coupon));
  const goods = sum(amounts.map(({ amount }) => amount));
  const pay = sum(taken.left);
  const byId = new Map(
    amounts.map(({ id, amount }, i) => {
      const [left = 0, rest = 0] = [priced.left[i], taken.left[i]];
      return [id, { id, amount, promotions: amount - left, coupons: left - rest, pay: rest }];
    }),
  );
  return {
    currency: cart.currency,
    goods,
    promotionDiscount: goods - sum(priced.left),
    couponDiscount: taken.total,
    pay,
    lines: cart.lines.flatMap(({ id }) => byId.get(id) ?? []),
    promotions: [...promoted.applied],
    coupons: used.map((part): AppliedCoupon => {
      const { id, template, name } = part.coupon;
      return { coupon: id, template, name, discount: part.discount, lines: sharesOf(lines, part.lines) };
    }),
    leftOut: [...leftOut, ...others.map((coupon) => notUsed(coupon, whyNot(coupon, chosen, taken.left)))].sort(
      (a, b) => a.coupon - b.coupon,
    ),
    leftOutPromotions: leftOutPromotions
      .sort((a, b) => a.id - b.id)
      .map(({ id, name }) => ({ promotion: id, name, reason: "OTHER_CURRENCY" })),
    earned: earnedFor(promotions, lines, taken.left),
    isComplete: best.isComplete,
  };
}

/** Tells what is usable from what is not. */
function sorted(coupons: readonly CandidateCoupon[], cart: Priced, now: number) {
  const usable: UsableCoupon[] = [];
  const leftOut: LeftOut[] = [];
  for (const coupon of coupons) {
    const tried = tryCoupon(coupon, cart, now);
    if ("reason" in tried) leftOut.push({ coupon: coupon.id, ...tried });
    else usable.push(tried);
  }
  return { usable, leftOut };
}

function choose(usable: readonly UsableCoupon[], { left }: Priced, areChosen: boolean, bound?: number) {
  if (areChosen && isLegal(usable)) return { coupons: usable, isComplete: true };
  return bestCombination(usable, left, bound);
}

function notUsed({ id }: UsableCoupon, reason: UnusableReason): LeftOut {
  return { coupon: id, reason, missing: null };
}

function whyNot(coupon: UsableCoupon, chosen: readonly UsableCoupon[], left: readonly number[]): UnusableReason {
  return conflictOf(coupon, chosen) ?? (takesOff(coupon, left) > 0 ? "NOT_BETTER" : "NOTHING_LEFT");
}
