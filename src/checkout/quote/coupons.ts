import type { CouponState } from "../../coupon/table.ts";
import { type Conditions, eligibleLines } from "../../discount/conditions.ts";
import type { DiscountRule } from "../../discount/discount.ts";
import type { Stackable, Stacking } from "../../discount/stacking.ts";
import type { CartLine } from "../cart.ts";
import type { UnusableReason } from "../refusals.ts";
import { leftAt, type TakesOff, takesOff } from "./turns.ts";

/** A coupon with what its template promises. Money is minor units, times are ms. */
export interface CandidateCoupon extends Stackable {
  readonly stacking: Stacking;
  readonly template: number;
  readonly name: string;
  readonly state: CouponState;
  readonly validFrom: number;
  readonly validTo: number | null;
  readonly shop: string;
  readonly currency: string;
  readonly conditions: Conditions;
  readonly rule: DiscountRule;
  /** What the goods must cost for its kind to take anything off. */
  readonly threshold: number;
  /** What one may take off at most; null where nothing but the cart bounds it. */
  readonly maxDiscount: number | null;
  /** What the budget lets it cost; null without a budget. */
  readonly room: number | null;
}

/** A coupon that takes something off the cart when it is used alone. */
export interface UsableCoupon extends CandidateCoupon, TakesOff {
  readonly stacking: Stacking;
  /** What it takes off alone: with others, never more. */
  readonly alone: number;
}

export interface Fault {
  readonly reason: UnusableReason;
  readonly missing: number | null;
}

/** The cart as coupons see it: its lines in a fixed order, and what promotions have left of each. */
export interface Priced {
  readonly currency: string;
  readonly lines: readonly CartLine[];
  readonly left: readonly number[];
}

/** What the coupon would take off alone, or why it takes nothing off. `now` is ms. */
export function tryCoupon(coupon: CandidateCoupon, cart: Priced, now: number): UsableCoupon | Fault {
  const unusable = stateFault(coupon, now);
  if (unusable) return { reason: unusable, missing: null };
  if (coupon.currency !== cart.currency) return { reason: "OTHER_CURRENCY", missing: null };
  const counting = new Set(eligibleLines(coupon.conditions, coupon.shop, cart.lines));
  if (counting.size === 0) return { reason: "NO_GOODS", missing: null };
  const places = cart.lines.flatMap((line, place) => (counting.has(line) ? [place] : []));
  const amount = leftAt(cart.left, places);
  const threshold = Math.max(coupon.conditions.minimum, coupon.threshold);
  if (amount < threshold) return { reason: "BELOW_THRESHOLD", missing: threshold - amount };
  const usable = { ...coupon, places, amount };
  const alone = takesOff(usable, cart.left);
  if (alone === 0) return { reason: "NOTHING_LEFT", missing: null };
  if (coupon.room !== null && alone > coupon.room) return { reason: "BUDGET_SPENT", missing: null };
  return { ...usable, alone };
}

function stateFault({ state, validFrom, validTo }: CandidateCoupon, now: number): UnusableReason | undefined {
  if (state !== "AVAILABLE") return state;
  if (validFrom > now) return "NOT_YET_VALID";
  return validTo !== null && validTo <= now ? "EXPIRED" : undefined;
}
