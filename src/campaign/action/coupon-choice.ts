import { compileAudience } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import type { CouponTemplate } from "../../coupon/table.ts";
import { audienceOf } from "../../coupon/template/eligibility.ts";
import { findTemplate } from "../../coupon/template/template.ts";
import { readTemplateToClaim } from "../../coupon/template/template-to-claim.ts";
import { neverOpens } from "../../coupon/template/window.ts";
import { offerOf } from "../../coupon/words.ts";
import type { Issue } from "../../errors.ts";
import { mayName } from "../../shop.ts";
import { frozenPredicate } from "../predicate.ts";
import type { ActionChoice } from "./action.ts";
import type { CouponReward } from "./coupon-reward.ts";

/** Claim links work for so long at least, and as long as their offer is open, ms: whoever has one may claim with it. */
const linkLifetimeMs = 90 * 24 * 3_600_000;

const path = "couponTemplateId";

/** The template by its number: itself, or of a recurring one the occurrence that is open or comes next. */
type Find = (ctx: Context, id: number) => Promise<CouponTemplate | undefined>;

/** Whose coupons are given: the template itself. */
export const findGiven: Find = findTemplate;
/** Whose coupons members are invited to claim. */
export const findClaimable: Find = readTemplateToClaim;

/** What a campaign's run keeps of its coupons. */
export async function freezeReward(
  ctx: Context,
  { couponTemplate }: ActionChoice,
  find: Find,
  { isGiven = false }: { readonly isGiven?: boolean } = {},
): Promise<CouponReward> {
  const template = couponTemplate === null ? undefined : await find(ctx, couponTemplate);
  if (!template) throw new Error(`coupon template ${couponTemplate}, which a campaign names, is gone`);
  const asOf = ctx.clock();
  const env = { asOf, timeZone: ctx.settings.shopTimeZone, shop: template.shop };
  const { id, name, eligibility, perMember, codeMode, codePrefix, closesAt } = template;
  return {
    template: id,
    name,
    eligibility: eligibility === null ? null : frozenPredicate(compileAudience(audienceOf(ctx, template), env)),
    perMember,
    codeMode,
    codePrefix,
    linkUntil: Math.max(asOf + linkLifetimeMs, closesAt ?? 0),
    offer: offerOf(template, env.timeZone, isGiven ? asOf : undefined),
  };
}

/** What is wrong with a campaign's choice of a template, whatever its state is today. */
export async function choiceIssues(
  ctx: Context,
  { kind, couponTemplate, shop }: ActionChoice,
  faultOf: (template: CouponTemplate) => string | undefined,
): Promise<Issue[]> {
  if (couponTemplate === null) return [{ path, message: `a campaign of the kind ${kind} needs one` }];
  const template = await findTemplate(ctx, couponTemplate);
  if (!template || !mayName(shop, template.shop))
    return [{ path, message: `there is no coupon template ${couponTemplate}` }];
  return issueOf(faultOf(template));
}

/** Why members cannot be invited to claim them. */
export function unclaimable(template: CouponTemplate): string | undefined {
  if (template.issueMode !== "SELF_CLAIM") return "members cannot claim it themselves (it is not SELF_CLAIM)";
  return neverOpens(template) ? "its coupons expire before it opens; duplicate it and say when they do not" : undefined;
}

/** What is wrong with a template where a campaign is not about coupons. */
export function unwantedTemplate({ couponTemplate }: ActionChoice): Issue[] {
  return issueOf(couponTemplate === null ? undefined : "an announcement gives no coupons; choose another kind");
}

/**
 * What keeps a campaign from being approved or launched: its template gives nothing, or will not any more at its start.
 */
export async function startIssues(
  ctx: Context,
  { couponTemplate }: ActionChoice,
  startsAt: number,
  find: Find,
): Promise<Issue[]> {
  const template = couponTemplate === null ? undefined : await find(ctx, couponTemplate);
  return issueOf(template && notOpen(template, startsAt));
}

function issueOf(fault: string | undefined): Issue[] {
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
