import type { Context } from "../context.ts";
import type { CouponState } from "./table.ts";

/** A coupon that came into another state. */
export interface MovedCoupon {
  /** The holder's `seq`. */
  readonly member: number;
  readonly coupon: number;
  readonly from: CouponState;
  readonly to: CouponState;
}

/**
 * To be called by whoever changes the state of coupons, after the commit: what is kept of wallets outside the database follows here. It
 * must not throw, and whoever calls it need not wait for it; the database is right without it.
 */
export async function couponsMoved(_ctx: Context, _moved: readonly MovedCoupon[]): Promise<void> {}
