import type { Context } from "../../context.ts";
import { withdrawUnused } from "../../coupon/use/withdraw.ts";
import { expireLocksOf } from "./lock-expiry.ts";

/**
 * Takes one coupon back from its holder, for a reason of 1–500 characters. A lock that is over holds it no more,
 * whether it was swept yet or not. Refusals: INVALID_INPUT, NOT_FOUND, WRONG_STATE (it is
 * LOCKED for an order, USED or EXPIRED).
 */
export async function withdrawCoupon(ctx: Context, input: { readonly coupon: number; readonly reason: string }) {
  await expireLocksOf(ctx, [input.coupon], "");
  return withdrawUnused(ctx, input);
}
