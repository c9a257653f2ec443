import type { Context } from "../../context.ts";
import { couponsById } from "../../coupon/coupon.ts";
import { withdrawUnused } from "../../coupon/use/withdraw.ts";
import { expireLocksOf } from "./lock-expiry.ts";

/**
 * Takes one coupon back from its holder, for a reason of 1–500 characters. A lock that is over holds it no more,
 * whether it was swept yet or not. Refusals: INVALID_INPUT, NOT_FOUND, WRONG_STATE (it is
 * LOCKED for an order, USED or EXPIRED).
 */
export async function withdrawCoupon(ctx: Context, input: { readonly coupon: number; readonly reason: string }) {
  const [known] = await couponsById(ctx, [input.coupon]);
  if (known) await expireLocksOf(ctx, [known.id], "");
  return withdrawUnused(ctx, input);
}
