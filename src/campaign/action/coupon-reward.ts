import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { isGated } from "../../coupon/gate/reconcile.ts";
import { couponsIssued, issueStatements, takeForIssue } from "../../coupon/issue/issue.ts";
import {
  type CouponSkipFacts,
  type CouponSkipReason,
  inviteRules,
  issueRules,
  unitsLeft,
  whatIsShort,
} from "../../coupon/issue/issue-rules.ts";
import { codeModes } from "../../coupon/table.ts";
import { findTemplate } from "../../coupon/template/template.ts";
import { CouponOffer } from "../../coupon/words.ts";
import type { Query } from "../../db/statement.ts";
import type { SkipRules } from "../ledger/skip-reason.ts";
import { fromFrozen, Predicate } from "../predicate.ts";
import type { PageToTake, Taken } from "./action.ts";

/*
 * All that campaigns ask of coupons: what is left, why a member may not have one, the statements that give them to the
 * members of a page, what follows the commit, and how they are told of.
 */

/** What a run freezes of the coupons that it is about. Stock, budget, state and window are asked anew at every step. */
export const CouponReward = z.object({
  /** Of a recurring template, the occurrence that was open or came next. */
  template: z.int(),
  name: z.string(),
  /** The template's own audience, compiled; null = everyone. */
  eligibility: Predicate.nullable(),
  perMember: z.int(),
  codeMode: z.enum(codeModes),
  codePrefix: z.string(),
  /** How long claim links work (ms). */
  linkUntil: z.int(),
  /** What members are told of them. */
  offer: CouponOffer.optional(),
});
export type CouponReward = z.infer<typeof CouponReward>;

/** What it means that a member gets no coupon, or no invitation to claim one. */
export const couponSkipReasons = {
  ENDED: "The coupon cannot be had any more: its template has ended, was withdrawn, or its window has closed.",
  NOT_ELIGIBLE: "The coupon is for other members.",
  LIMIT_REACHED: "The member holds as many of these coupons as one member may.",
  ALREADY_HOLDS: "The member holds this coupon already and needs no invitation.",
  SOLD_OUT: "None of these coupons was left when it was the member's turn.",
  BUDGET_SPENT: "What was left of the coupons' budget was not enough for one more when it was the member's turn.",
} as const satisfies Record<CouponSkipReason, string>;

/** How many more there are, as an SQL expression. */
export function left({ template }: CouponReward): SQL {
  return unitsLeft(template);
}

/** Which reason it is that there are no more, as an SQL expression. */
export function shortage({ template }: CouponReward): SQL {
  return whatIsShort(template);
}

/** Why member `m` is given none, whatever is left. */
export function rulesOfGiving(reward: CouponReward, now: number): SkipRules {
  return issueRules(factsOf(reward), now);
}

/** Why member `m` is not invited to claim one. */
export function rulesOfInviting(reward: CouponReward, now: number): SkipRules {
  return inviteRules(factsOf(reward), now);
}

function factsOf({ template, perMember, eligibility }: CouponReward): CouponSkipFacts {
  return { template, perMember, eligibility: eligibility && sql`(${fromFrozen(eligibility)})` };
}

/** The statements that give one to each of `members`, a query of the column `member`, who passed all of the above. */
export function issueToMembers(
  { template, perMember, codeMode, codePrefix }: CouponReward,
  { run, members, now, zone }: { run: number; members: SQL; now: number; zone: string },
): Query[] {
  return issueStatements({ template, perMember, codeMode, codePrefix, source: sourceOf(run), members, now, zone });
}

/** To be told the results of {@link issueToMembers} after the commit, and what was taken for it. */
export function issuedToMembers(
  ctx: Context,
  { template }: CouponReward,
  results: readonly ResultSet[],
  taken: Taken | undefined,
) {
  return couponsIssued(ctx, { template, results, taken });
}

/**
 * Takes what a page may need out of the template's gate, if it has one and the page is still to be written: a page that
 * is delivered again takes nothing.
 */
export async function takeForPage(ctx: Context, { run, page, most }: PageToTake, { template }: CouponReward) {
  if (!ctx.redis) return undefined;
  const range = await ctx.db.first<{ from: number; to: number }>(sql`
    SELECT from_seq AS "from", to_seq AS "to" FROM page
    WHERE run = ${run} AND number = ${page} AND state = 'PLANNED'
      AND EXISTS (SELECT 1 FROM run WHERE id = ${run} AND state = 'RUNNING')
      AND EXISTS (SELECT 1 FROM coupon_template WHERE id = ${template} AND ${isGated})`);
  if (!range) return undefined;
  const units = Math.min(most, range.to - range.from);
  return takeForIssue(ctx, { template, source: sourceOf(run), ...range, units });
}

/** Who a run's coupons are from. */
export function sourceOf(run: number): string {
  return `run/${run}`;
}

/** What it is worth and how far it goes. */
export interface RewardTerms {
  readonly isBounded: boolean;
  /** The most that one can cost, in minor units of `currency`; null where only carts bound it. */
  readonly cost: number | null;
  readonly currency: string;
}

export async function describeReward(ctx: Context, { template: id }: CouponReward): Promise<RewardTerms> {
  const template = await findTemplate(ctx, id);
  if (!template) throw new Error(`coupon template ${id} is gone`);
  const { stock, budget, maxDiscount: cost, currency } = template;
  return { isBounded: stock !== null || (budget !== null && cost !== 0), cost, currency };
}
