import { z } from "zod";
import { compileAudience } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { type CouponTemplate, codeModes } from "../../coupon/table.ts";
import { audienceOf } from "../../coupon/template/eligibility.ts";
import { findTemplate } from "../../coupon/template/template.ts";
import { templateToClaim } from "../../coupon/template/template-to-claim.ts";
import type { Issue } from "../../errors.ts";
import { frozenPredicate, Predicate } from "../ledger/predicates.ts";
import type { CampaignKind } from "./kind.ts";

/** What a campaign gives or invites to claim, as its run freezes it. Stock, budget, state and window are asked anew at every step. */
export const CouponOffer = z.object({
  kind: z.enum(["COUPON_ISSUE", "COUPON_INVITE"]),
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
});
export type CouponOffer = z.infer<typeof CouponOffer>;

/** What a campaign says of its coupons. */
export interface CouponChoice {
  readonly kind: CampaignKind;
  readonly couponTemplate: number | null;
}

/** Claim links work for so long at least, and as long as their offer is open, ms: whoever has one may claim for its member. */
const linkLifetimeMs = 90 * 24 * 3_600_000;

/** What a campaign offers now; null for one that has to do with no coupons. */
export async function couponOffer(ctx: Context, { kind, couponTemplate }: CouponChoice): Promise<CouponOffer | null> {
  if (kind === "ANNOUNCEMENT" || couponTemplate === null) return null;
  const template = await offered(ctx, kind, couponTemplate);
  if (!template) throw new Error(`coupon template ${couponTemplate}, which a campaign names, is gone`);
  const asOf = ctx.clock();
  const env = { asOf, timeZone: ctx.settings.shopTimeZone };
  const { id, name, eligibility, perMember, codeMode, codePrefix, closesAt } = template;
  return {
    kind,
    template: id,
    name,
    eligibility: eligibility === null ? null : frozenPredicate(compileAudience(audienceOf(ctx, template), env)),
    perMember,
    codeMode,
    codePrefix,
    linkUntil: Math.max(asOf + linkLifetimeMs, closesAt ?? 0),
  };
}

function offered(ctx: Context, kind: CampaignKind, id: number): Promise<CouponTemplate | undefined> {
  return kind === "COUPON_INVITE" ? templateToClaim(ctx, id) : findTemplate(ctx, id);
}

const path = "couponTemplate";

/** What is wrong with a campaign's choice of a template, whatever its state is today. */
export async function choiceIssues(ctx: Context, { kind, couponTemplate }: CouponChoice): Promise<Issue[]> {
  if (kind === "ANNOUNCEMENT") {
    return couponTemplate === null ? [] : [{ path, message: "an announcement gives no coupons; choose another kind" }];
  }
  if (couponTemplate === null) return [{ path, message: `a campaign of the kind ${kind} needs one` }];
  const template = await findTemplate(ctx, couponTemplate);
  if (!template) return [{ path, message: `there is no coupon template ${couponTemplate}` }];
  const fault = kind === "COUPON_ISSUE" ? unissuable(template) : unclaimable(template);
  return fault === undefined ? [] : [{ path, message: fault }];
}

function unissuable({ issueMode, recurrence }: CouponTemplate): string | undefined {
  if (issueMode === "CODE") return "its coupons are given for codes only";
  return recurrence === null ? undefined : "it recurs; name one of its occurrences";
}

function unclaimable({ issueMode }: CouponTemplate): string | undefined {
  return issueMode === "SELF_CLAIM" ? undefined : "members cannot claim it themselves (it is not SELF_CLAIM)";
}

/** What keeps a campaign from being approved or launched: its template gives nothing, or will not any more when it starts. */
export async function offerIssues(
  ctx: Context,
  campaign: CouponChoice & { readonly startsAt: number | null },
): Promise<Issue[]> {
  const issues = await choiceIssues(ctx, campaign);
  const { kind, couponTemplate } = campaign;
  if (issues.length > 0 || couponTemplate === null) return issues;
  const template = await offered(ctx, kind, couponTemplate);
  const fault = template && notOpen(template, Math.max(ctx.clock(), campaign.startsAt ?? 0));
  return fault === undefined ? [] : [{ path, message: fault }];
}

function notOpen({ state, closesAt, validTo }: CouponTemplate, startsAt: number): string | undefined {
  switch (state) {
    case "DRAFT":
      return "it is still a draft; activate it first";
    case "ENDED":
    case "WITHDRAWN":
      return "it has ended";
    case "SOLD_OUT":
      return "nothing is left of it; raise its stock or budget first";
    case "ACTIVE":
      if (validTo !== null && validTo <= startsAt) return "its coupons expire before the campaign starts";
      return closesAt !== null && closesAt <= startsAt ? "it closes before the campaign starts" : undefined;
  }
}
