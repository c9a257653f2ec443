import type { Context, MemberContext } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { claimCoupon } from "../claim/claim.ts";
import { claimToken } from "../claim/claim-token.ts";
import { couponOfToken } from "../claim/coupon-by-token.ts";
import { refuseCoupon } from "../refusals.ts";
import type { Coupon } from "../table.ts";
import { type ClaimLink, readClaimLink } from "./claim-link.ts";

/** The one claim that a link stands for, wherever it is made: by the page behind it or by the shop's own. */
export function keyOf(token: string): string {
  return `link/${token}`;
}

/** The coupon that a link has given, if it has. */
export function couponOfLink(ctx: Context, link: ClaimLink, token: string): Promise<Coupon | null> {
  return couponOfToken(ctx, claimToken(link.member, keyOf(token)));
}

/**
 * Claims what a link offers to the acting member, as the page behind it does: `token` is what stands behind `/c/`, or
 * in the parameter `claim` of the shop's page. Again it answers the same coupon. NOT_FOUND for what is none of ours or
 * another member's, ENDED once the link has expired; else as `claimCoupon`.
 */
export async function claimByLink(ctx: MemberContext, { token }: { readonly token: string }) {
  const link = readClaimLink(ctx, token);
  if (!link || link.member !== ctx.actor.seq) return refuse.notFound("claim link of yours", token);
  if (link.until <= ctx.clock()) return (await couponOfLink(ctx, link, token)) ?? refuseCoupon.ended();
  return claimCoupon(ctx, { template: link.template, idempotencyKey: keyOf(token), invitedBy: link.run });
}
