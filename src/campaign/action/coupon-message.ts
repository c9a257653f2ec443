import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { claimUrl } from "../../coupon/link/claim-link.ts";
import { couponValues } from "../../coupon/words.ts";
import { placeOf } from "../content/place.ts";
import type { OfferScope } from "../content/template.ts";
import type { Reader } from "./action.ts";
import { type CouponReward, left, sourceOf } from "./coupon-reward.ts";

/*
 * What messages say of coupons: of the offer, what the run froze; of the member's own, what an expression over member
 * `m` answers when the message is made, as one JSON value.
 */

/** What {@link couponGiven}, {@link couponHeld} and {@link couponsLeft} answer. */
const OwnCoupon = z
  .object({
    code: z.string().nullable(),
    validFrom: z.int(),
    validTo: z.int().nullable(),
    remaining: z.int().nullable(),
  })
  .partial();

const facts = sql`json_object('code', c.code, 'validFrom', c.valid_from, 'validTo', c.valid_to)`;

/** The coupon that a run gave to the member. */
export function couponGiven(run: number): SQL {
  return sql`(SELECT ${facts} FROM coupon c WHERE c.member = m.seq AND c.source = ${sourceOf(run)} LIMIT 1)`;
}

/** Of the member's unused coupons of a template that expire in a span (ms), the one that does so first. */
export function couponHeld({ template }: CouponReward, { after, until }: { after: number; until: number }): SQL {
  return sql`(
    SELECT ${facts} FROM coupon c WHERE c.member = m.seq AND c.template = ${template} AND c.state = 'AVAILABLE'
      AND c.valid_to > ${after} AND c.valid_to <= ${until} ORDER BY c.valid_to LIMIT 1)`;
}

/** More than any stock: there is no end of them. */
const endless = 1e15;

/** How many there are to be claimed. */
export function couponsLeft(reward: CouponReward): SQL {
  return sql`(SELECT json_object('remaining', CASE WHEN n < ${endless} THEN n END) FROM (SELECT ${left(reward)} AS n))`;
}

/** What a reader's message says of a coupon; where it is to be claimed, with the reader's own link. */
export function couponScope(
  ctx: Context,
  { template, name, offer, linkUntil: until }: CouponReward,
  reader: Reader,
  { isClaimed = false }: { readonly isClaimed?: boolean } = {},
): OfferScope {
  const own = OwnCoupon.parse(JSON.parse(reader.own ?? "{}"));
  const link = isClaimed ? { claimUrl: claimUrl(ctx, { template, member: reader.seq, until }) } : {};
  // Runs that were begun before offers were frozen have texts that say no more of one.
  if (!offer) return { coupon: { name, code: own.code ?? "", ...link } };
  return { coupon: couponValues(offer, { ...own, ...link }, placeOf(ctx, reader)) };
}
