import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { makeCode } from "../../coupon/code/code.ts";
import { claimUrl } from "../../coupon/link/claim-link.ts";
import { couponValues } from "../../coupon/words.ts";
import { placeOf } from "../content/place.ts";
import type { OfferScope } from "../content/template.ts";
import { noRun } from "../no-run.ts";
import type { Reader } from "./action.ts";
import { type CouponReward, left, sourceOf } from "./coupon-reward.ts";

/*
 * What messages say of coupons: of the offer, what the run froze; of the member's own, what an expression over member
 * `m` answers when the message is made, as one JSON value.
 */

/** What {@link couponGiven}, {@link couponHeld}, {@link couponToUse} and {@link couponsLeft} answer. */
const OwnCoupon = z
  .object({
    code: z.string().nullable(),
    validFrom: z.int(),
    validTo: z.int().nullable(),
    remaining: z.int().nullable(),
  })
  .partial();

const facts = sql`json_object('code', c.code, 'validFrom', c.valid_from, 'validTo', c.valid_to)`;

/**
 * The coupon that a run gave to the member. Where it is none, in a preview or a test, the code is one that opens
 * nothing: as long as theirs are, so that what a text message costs is told right.
 */
export function couponGiven({ template, codeMode, codePrefix }: CouponReward, run: number): SQL {
  if (run === noRun) return sql`${JSON.stringify({ code: codeMode === "NONE" ? null : sampleCode(codePrefix) })}`;
  return sql`(
    SELECT ${facts} FROM coupon c
    WHERE c.member = m.seq AND c.template = ${template} AND c.source = ${sourceOf(run)} LIMIT 1)`;
}

function sampleCode(prefix: string): string {
  return `${prefix}${makeCode(prefix).slice(prefix.length).replace(/[^-]/g, "0")}`;
}

/** Coupons that expire after one time and until another, ms. */
export interface Span {
  readonly after: number;
  readonly until: number;
}

/** Of the member's coupons of a template that expire in a span, the one that does so first; what is used comes last. */
export function couponHeld({ template }: CouponReward, { after, until }: Span): SQL {
  return sql`(
    SELECT ${facts} FROM coupon c WHERE c.member = m.seq AND c.template = ${template}
      AND c.valid_to > ${after} AND c.valid_to <= ${until} ORDER BY c.state <> 'AVAILABLE', c.valid_to LIMIT 1)`;
}

/** Whether the member has such a coupon that can still be used. */
export function isHeld({ template }: CouponReward, { after, until }: Span): SQL {
  return sql`EXISTS (
    SELECT 1 FROM coupon c WHERE c.member = m.seq AND c.template = ${template} AND c.state = 'AVAILABLE'
      AND c.valid_to > ${after} AND c.valid_to <= ${until})`;
}

/** Of the member's coupons of a template that can be used, the newest; what cannot comes last. */
export function couponToUse({ template }: CouponReward): SQL {
  return sql`(
    SELECT ${facts} FROM coupon c WHERE c.member = m.seq AND c.template = ${template}
    ORDER BY c.state <> 'AVAILABLE', c.id DESC LIMIT 1)`;
}

/** Whether the member has one that can be used at a time (ms). */
export function isUsable({ template }: CouponReward, now: number): SQL {
  return sql`EXISTS (
    SELECT 1 FROM coupon c WHERE c.member = m.seq AND c.template = ${template} AND c.state = 'AVAILABLE'
      AND (c.valid_to IS NULL OR c.valid_to > ${now}))`;
}

/** More than any stock: there is no end of them. */
const endless = 1e15;

/** How many there are to be claimed. */
export function couponsLeft(reward: CouponReward): SQL {
  return sql`(SELECT json_object('remaining', CASE WHEN n < ${endless} THEN n END) FROM (SELECT ${left(reward)} AS n))`;
}

/** What a reader's message says of a coupon; where it is `claimedBy` a run's message, with the reader's own link. */
export function couponScope(
  ctx: Context,
  { template, name, offer, linkUntil: until }: CouponReward,
  reader: Reader,
  { claimedBy: run }: { readonly claimedBy?: number } = {},
): OfferScope {
  const own = OwnCoupon.parse(JSON.parse(reader.own ?? "{}"));
  const of = run === undefined || run === noRun ? {} : { run };
  const link = run === undefined ? {} : { claimUrl: claimUrl(ctx, { template, member: reader.seq, until, ...of }) };
  // Runs that were begun before offers were frozen have texts that say no more of one.
  if (!offer) return { coupon: { name, code: own.code ?? "", ...link } };
  return { coupon: couponValues(offer, { ...own, ...link }, placeOf(ctx, reader)) };
}
