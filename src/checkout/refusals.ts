import { refusal } from "../errors.ts";

/** Why a coupon takes nothing off a cart. */
export const unusableReasons = [
  "NOT_FOUND",
  "LOCKED",
  "USED",
  "WITHDRAWN",
  "EXPIRED",
  "NOT_YET_VALID",
  "OTHER_CURRENCY",
  "NO_GOODS",
  "BELOW_THRESHOLD",
  "NOTHING_LEFT",
  "BUDGET_SPENT",
  "EXCLUSIVE",
  "SAME_GROUP",
  "NOT_BETTER",
] as const;
export type UnusableReason = (typeof unusableReasons)[number];

/** A coupon that is not used on a cart, and why. */
export interface UnusableCoupon {
  readonly coupon: number;
  readonly reason: UnusableReason;
  /** BELOW_THRESHOLD: how much more the goods that count would have to cost, in minor units. */
  readonly missing: number | null;
}

/** Refuses a cart, in a currency, not all of whose coupons can be used on it. */
export function refuseCoupons(left: readonly UnusableCoupon[], currency: string) {
  const unusable = left.map((coupon) => ({ ...coupon, currency }));
  return refusal(
    "COUPON_UNUSABLE",
    "Not all of these coupons can be used on this cart; quote it again without those that are named.",
    { unusable },
  );
}
