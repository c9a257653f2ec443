import { refusal } from "../errors.ts";

function limitInWords(limit: number, held: number): string {
  if (held < limit) return `One member may have ${limit} of these, and holds ${held}: fewer are left than asked for.`;
  return limit === 1 ? "You hold this coupon already." : `You hold all ${limit} that one member may have.`;
}

/** Why a member does not get a coupon. */
export const refuseCoupon = {
  /** `wanted`: how many at once. */
  soldOut: (wanted = 1) =>
    refusal(
      "SOLD_OUT",
      wanted === 1
        ? "All coupons of this kind have been given."
        : `Fewer than ${wanted} coupons of this kind are left: ask for less, or raise its stock or budget.`,
    ),
  /** `held`: the coupons that the member has. */
  limitReached: (limit: number, held: readonly number[]) =>
    refusal("LIMIT_REACHED", limitInWords(limit, held.length), { limit, held }),
  notEligible: () => refusal("NOT_ELIGIBLE", "This coupon is for other members."),
  /** `opensAt`: ms. */
  notStarted: (opensAt: number) =>
    refusal("NOT_STARTED", `This opens at ${new Date(opensAt).toISOString()}; come back then.`, { notBefore: opensAt }),
  ended: () => refusal("ENDED", "This is over."),
  /** Of a coupon code; whatever is wrong with it, the answer is the same. */
  code: () =>
    refusal("NOT_FOUND", "This code is not valid: look for a typing mistake; a code that was used is not valid again."),
};
