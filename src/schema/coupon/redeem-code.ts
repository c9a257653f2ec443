import { codeTries, redeemCode } from "../../coupon/claim/redeem-code.ts";
import { refusable } from "../kit/refusable.ts";
import { asMember, CouponType, claimRefusals } from "./coupon.ts";

const { perMember } = codeTries;
const { LIMIT_REACHED, NOT_ELIGIBLE, ...refusals } = claimRefusals;

refusable("redeemCode", {
  description:
    "Gives the signed-in member the coupon that a code stands for. Durable when it answers; the same key gives the " +
    "same coupon again. Whatever is wrong with a code – unknown, mistyped, used, someone else's, or right but for a " +
    "member who may have none or no more – the answer is one NotFound. " +
    `${perMember.limit} tries at once, then one every ${perMember.periodSeconds / perMember.limit} seconds.`,
  scopes: { member: true },
  result: CouponType,
  refusals,
  input: (t) => ({
    code: t.string({ required: true, description: "As it was typed; capitals, blanks and hyphens do not matter." }),
    idempotencyKey: t.string({ required: true, description: "Your name for this one try, 1–200 characters." }),
  }),
  resolve: ({ code, idempotencyKey }, ctx, { address }) => redeemCode(asMember(ctx), { code, idempotencyKey, address }),
});
