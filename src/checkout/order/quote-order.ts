import { z } from "zod";
import type { Context, MemberContext } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { findMember, type MemberKey } from "../../member/member.ts";
import { Cart, type CartInput } from "../cart.ts";
import { priceCart } from "../quote/quote.ts";
import type { Quote } from "../quote/quote-shape.ts";
import { actingFor } from "./acting-promotions.ts";
import { candidateCoupons } from "./candidate-coupons.ts";

/** Ids of coupons that are to be used on one cart. */
export const Chosen = z
  .array(z.int())
  .max(20)
  .refine((ids) => new Set(ids).size === ids.length, "must not be named twice");

const QuoteRequest = z.object({ cart: Cart, couponIds: Chosen.optional() });

export interface QuoteInput {
  readonly cart: CartInput;
  /** At most 20. Without them, the best legal combination of all that the member holds is looked for. */
  readonly couponIds?: readonly number[] | undefined;
}

/**
 * What a cart would cost the acting member now, by the promotions that act and by coupons. Nothing is held or promised.
 * Coupons that are named are used as far as that is possible and legal; each that is not is told with its reason. Of
 * promotions that are for others nothing is told. Refusal: INVALID_INPUT.
 */
export async function quoteCart(ctx: MemberContext, input: QuoteInput) {
  const asked = parseInput(QuoteRequest, input);
  if (isRefusal(asked)) return asked;
  const quote = await quoteOf(ctx, { ...asked, member: ctx.actor.seq });
  return { ...quote, leftOutPromotions: quote.leftOutPromotions.filter(({ reason }) => reason !== "NOT_ELIGIBLE") };
}

/** The same for any member. Refusals: INVALID_INPUT, NOT_FOUND. */
export async function quoteCartFor(ctx: Context, input: QuoteInput & { readonly member: MemberKey }) {
  const asked = parseInput(QuoteRequest, { cart: input.cart, couponIds: input.couponIds });
  if (isRefusal(asked)) return asked;
  const member = await memberOf(ctx, input.member);
  return isRefusal(member) ? member : quoteOf(ctx, { ...asked, member });
}

/** The `seq` of a member that is not erased. */
export async function memberOf(ctx: Context, key: MemberKey) {
  const member = await findMember(ctx, key);
  return member?.seq ?? refuse.notFound("member", Object.values(key).join());
}

interface Wanted {
  readonly cart: Cart;
  readonly member: number;
  readonly couponIds?: readonly number[] | undefined;
  /** An order whose own coupons count as free, as they stood at a time (ms). */
  readonly order?: { readonly id: string; readonly at: number };
}

/** The quote of a cart that was checked. */
export async function quoteOf(ctx: Context, { cart, member, couponIds, order }: Wanted): Promise<Quote> {
  const now = ctx.clock();
  const [promotions, candidates] = await Promise.all([
    actingFor(ctx, member, order?.id),
    candidateCoupons(ctx, { member, coupons: couponIds, order: order?.id }),
  ]);
  const areChosen = couponIds !== undefined;
  const quote = priceCart({ cart, promotions, coupons: candidates.coupons, areChosen, now: order?.at ?? now });
  const known = new Set(candidates.coupons.map(({ id }) => id));
  const strangers = (couponIds ?? []).filter((id) => !known.has(id));
  return {
    ...quote,
    isComplete: quote.isComplete && candidates.areAll,
    leftOut: [
      ...quote.leftOut,
      ...strangers.map((coupon) => ({ coupon, reason: "NOT_FOUND" as const, missing: null })),
    ].sort((a, b) => a.coupon - b.coupon),
  };
}
