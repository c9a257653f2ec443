import { conflictOf, isLegal } from "../../discount/stacking.ts";
import type { Cart } from "../cart.ts";
import type { UnusableReason } from "../refusals.ts";
import { type CandidateCoupon, type Priced, tryCoupon, type UsableCoupon } from "./coupons.ts";
import { earnedFor } from "./earned.ts";
import { type Acting, takePromotions } from "./promotions.ts";
import type { AppliedCoupon, LeftOut, Quote } from "./quote-shape.ts";
import { whatRewards } from "./rewarding.ts";
import { bestCombination } from "./search.ts";
import { sharesOf, sum, takesOff, takeTurns } from "./turns.ts";

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
 * id. A promotion's threshold is held against what the goods that count cost before anything is taken off, a coupon's
 * against what they cost after promotions, what a promotion gives besides against what is paid for them. A discount is
 * computed of what those before have left, rounded down to a minor unit, and split over its lines in proportion to what
 * is left of them by the largest remainder, of equal ones to the line whose id sorts first. Of promotions as of coupons
 * the best that may go together act; each that does not says why. The order in which lines, promotions and coupons are
 * given says nothing.
 */
export function priceCart({ cart, coupons, areChosen, now, bound, promotions }: PricingInput): Quote {
  const { currency } = cart;
  const lines = [...cart.lines]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((line) => ({ ...line, amount: line.unitPrice * line.quantity }));
  const promoted = takePromotions(promotions, { currency, lines }, bound);
  const used = useCoupons(coupons, { currency, lines, left: promoted.left }, { areChosen, now, bound });
  const paid = lines.map((line, i) => ({ ...line, amount: used.left[i] ?? 0 }));
  const { rewarding, leftOut } = whatRewards(promotions, { currency, lines: paid }, promoted.chosen);
  const goods = sum(lines.map(({ amount }) => amount));
  const byId = new Map(
    lines.map(({ id, amount }, i) => {
      const [left = 0, pay = 0] = [promoted.left[i], used.left[i]];
      return [id, { id, amount, promotions: amount - left, coupons: left - pay, pay }];
    }),
  );
  return {
    currency,
    goods,
    promotionDiscount: goods - sum(promoted.left),
    couponDiscount: used.total,
    pay: sum(used.left),
    lines: cart.lines.flatMap(({ id }) => byId.get(id) ?? []),
    promotions: [...promoted.applied],
    coupons: used.applied,
    leftOut: used.leftOut,
    leftOutPromotions: [...promoted.leftOut, ...leftOut].sort((a, b) => a.promotion - b.promotion),
    earned: earnedFor(rewarding, lines, used.left),
    isComplete: promoted.isComplete && used.isComplete,
  };
}

type Choosing = Pick<PricingInput, "areChosen" | "now"> & { readonly bound: number | undefined };

/** What coupons take off what promotions have left, and why the others do not. */
function useCoupons(coupons: readonly CandidateCoupon[], priced: Priced, { areChosen, now, bound }: Choosing) {
  const { usable, leftOut } = sorted(coupons, priced, now);
  const best = choose(usable, priced, areChosen, bound);
  const taken = takeTurns(best.coupons, priced.left);
  const used = taken.parts.filter(({ discount }) => discount > 0);
  const chosen = used.map(({ of }) => of);
  const others = usable.filter((coupon) => !chosen.includes(coupon));
  return {
    total: taken.total,
    left: taken.left,
    applied: used.map(({ of: { id, template, name }, discount, lines }): AppliedCoupon => {
      return { coupon: id, template, name, discount, lines: sharesOf(priced.lines, lines) };
    }),
    leftOut: [...leftOut, ...others.map((coupon) => notUsed(coupon, whyNot(coupon, chosen, taken.left)))].sort(
      (a, b) => a.coupon - b.coupon,
    ),
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
