import { refusal } from "../errors.ts";

/** Why a member does not get a coupon. */
export const refuseCoupon = {
  soldOut: () => refusal("SOLD_OUT", "All coupons of this kind have been given."),
  /** `held`: the coupons that the member has. */
  limitReached: (limit: number, held: readonly number[]) =>
    refusal(
      "LIMIT_REACHED",
      limit === 1 ? "You hold this coupon already." : `You hold all ${limit} that one member may have.`,
      { limit, held },
    ),
  notEligible: () => refusal("NOT_ELIGIBLE", "This coupon is for other members."),
  /** `opensAt`: ms. */
  notStarted: (opensAt: number) =>
    refusal("NOT_STARTED", `This opens at ${new Date(opensAt).toISOString()}; come back then.`, { notBefore: opensAt }),
  ended: () => refusal("ENDED", "This is over."),
  /** Of a coupon code; whatever is wrong with it, the answer is the same. */
  code: () =>
    refusal("NOT_FOUND", "This code is not valid: look for a typing mistake; a code that was used is not valid again."),
};
