import type { ResultSet } from "@libsql/client";
import type { MovedCoupon } from "../../coupon/cache/sync-cache.ts";
import type { CouponState } from "../../coupon/table.ts";

/** The coupons that an `UPDATE … RETURNING id AS coupon, member` moved; a column `state` says where to, if it is there. */
export function movedRows(result: ResultSet | undefined, from: CouponState, to: CouponState): MovedCoupon[] {
  return (result?.rows ?? []).map(({ coupon, member, state }) => ({
    coupon: Number(coupon),
    member: Number(member),
    from,
    to: state === "WITHDRAWN" ? "WITHDRAWN" : to,
  }));
}
