import type { Context, MemberContext } from "../../context.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { findMember } from "../../member/member.ts";
import { makeCode } from "../code/code.ts";
import type { Admission } from "../gate/gate.ts";
import { admitInCrowd, settleInCrowd } from "../gate/gate-crowd.ts";
import { loadGate } from "../gate/reconcile.ts";
import { soldOutForSure } from "../gate/sold-out.ts";
import { refuseCoupon } from "../refusals.ts";
import type { Coupon, CouponTemplate } from "../table.ts";
import { endOfDay } from "../template/day-end.ts";
import { isEligible } from "../template/eligibility.ts";
import { isOver } from "../template/state.ts";
import { findTemplate } from "../template/template.ts";
import { templateToClaim } from "../template/template-to-claim.ts";
import { neverOpens } from "../template/window.ts";
import type { NothingMade } from "./claim-facts.ts";
import { claimToken } from "./claim-token.ts";
import { committerOf } from "./committer.ts";
import { couponOfToken } from "./coupon-by-token.ts";
import { couponsHeld } from "./coupons-held.ts";
import type { PendingClaim } from "./pending-claim.ts";
import { standingOf } from "./standing.ts";

export interface ClaimInput {
  readonly template: number;
  /** The member's name for this one claim, 1–200 characters. */
  readonly idempotencyKey: string;
  /** The run by whose link it is made. */
  readonly invitedBy?: number | undefined;
}

/**
 * Gives one coupon of a template to the acting member, within stock, budget, window and the member's limit. Durable
 * when it resolves; the same idempotency key gives the same coupon again. The database decides; the gate only spares it
 * the crowd.
 */
export async function claimCoupon(ctx: MemberContext, input: ClaimInput) {
  const { idempotencyKey } = input;
  if (idempotencyKey.length < 1 || idempotencyKey.length > 200) {
    return refuse.invalid([{ path: "idempotencyKey", message: "must have 1 to 200 characters" }]);
  }
  const template = await templateToClaim(ctx, input.template);
  if (!template || template.state === "DRAFT" || template.issueMode !== "SELF_CLAIM") {
    return refuse.notFound("coupon template", input.template);
  }
  const asked = { asked: input.template, template };
  const token = claimToken(ctx.actor.seq, idempotencyKey);
  const refused = (await notClaimable(ctx, template)) ?? (await askGate(ctx, template, token));
  if (refused) return mayHaveClaimed(template, refused) ? instead(ctx, refused, { token, asked }) : refused;
  const code = template.codeMode === "ON_CLAIM" ? makeCode(template.codePrefix) : null;
  const claim = {
    template: template.id,
    member: ctx.actor.seq,
    token,
    source: "CLAIM",
    code,
    isPooled: template.codeMode === "POOL",
    invitedBy: input.invitedBy,
    ...givenNow(ctx, template),
  } as const;
  const given = await decide(ctx, claim, template);
  if (given === undefined) return refuseErased(ctx, claim);
  return isRefusal(given) ? given : sameAgain(ctx, given, asked);
}

/** The moment, and what follows from it that the database cannot know: when a day ends in the shop's zone. */
export function givenNow(ctx: Context, { validDays }: CouponTemplate): Pick<PendingClaim, "at" | "dayEnd"> {
  const at = ctx.clock();
  return { at, dayEnd: validDays === null ? null : endOfDay(at, validDays, ctx.settings.shopTimeZone) };
}

/** The crowd before the opening needs no look into the database: nobody has claimed what never was open. */
function mayHaveClaimed({ recurringTemplate }: CouponTemplate, refused: Refusal): boolean {
  return refused.code !== "NOT_STARTED" || recurringTemplate !== null;
}

/** Why a template that may be known about is not in offer to this member now, if it is not. */
export async function notClaimable(ctx: MemberContext, template: CouponTemplate) {
  const now = ctx.clock();
  if (isOver(template, now) || neverOpens(template)) return refuseCoupon.ended();
  if (template.opensAt !== null && now < template.opensAt) return refuseCoupon.notStarted(template.opensAt);
  return (await isEligible(ctx, template)) ? undefined : refuseCoupon.notEligible();
}

interface Refused {
  readonly token: string;
  readonly asked: AskedTemplate;
}

/**
 * What a member hears instead of a refusal: the coupon that this very claim made before; of what is sold out, that she
 * has as many as one may have. Both are asked at once: a sold-out crowd is the largest that there is.
 */
async function instead<Why extends Refusal>(ctx: MemberContext, refused: Why, { token, asked }: Refused) {
  if (refused.code !== "SOLD_OUT") return (await earlier(ctx, token, asked)) ?? refused;
  const { id: template, perMember } = asked.template;
  const { isRepeated, held } = await standingOf(ctx, { token, member: ctx.actor.seq, template });
  const before = isRepeated ? await earlier(ctx, token, asked) : undefined;
  return before ?? (held.length >= perMember ? refuseCoupon.limitReached(perMember, held) : refused);
}

/** A refusal only where the database bears it out: what the gate cannot say for sure goes on to the database. */
async function askGate(ctx: MemberContext, template: CouponTemplate, token: string) {
  if (template.stock === null) return undefined;
  const asking = { template: template.id, member: ctx.actor.seq, token };
  const came = committerOf(ctx).expect();
  const admission: Admission = await admitInCrowd(ctx, asking).finally(came);
  switch (admission.kind) {
    case "rate_limited":
      return refuse.rateLimited(Math.max(1, Math.ceil(admission.waitMs / 1000)));
    case "sold_out":
      return (await soldOutForSure(ctx, template.id)) ? refuseCoupon.soldOut() : undefined;
    case "unloaded":
      void loadGate(ctx, template.id);
      return undefined;
    default:
      return undefined;
  }
}

interface AskedTemplate {
  /** The id that was asked for: of what recurs, perhaps the recurring template's. */
  readonly asked: number;
  readonly template: CouponTemplate;
}

/**
 * The coupon that this very claim made before, if it did: repeating it answers the same, however over or sold out the
 * template is.
 */
async function earlier(ctx: Context, token: string, asked: AskedTemplate) {
  const coupon = await couponOfToken(ctx, token);
  return coupon && sameAgain(ctx, coupon, asked);
}

/** A key's coupon, if it was made for what is asked for: of what recurs, for this or an earlier occurrence. */
async function sameAgain(ctx: Context, coupon: Coupon, { asked, template }: AskedTemplate) {
  if (coupon.template === template.id) return coupon;
  const made = await findTemplate(ctx, coupon.template);
  return made?.recurringTemplate === asked ? coupon : usedKey();
}

/**
 * Gives the coupon, or says why not; undefined where the template would give one, but its code is gone. The claim's
 * token may have made another coupon before, which is answered then.
 */
export async function decide(ctx: MemberContext, claim: PendingClaim, template: CouponTemplate) {
  const facts = await committerOf(ctx).commit(claim);
  // What was given before has its unit already: one that was taken for asking again goes back.
  if (template.stock !== null) settleInCrowd(ctx, claim, facts.coupon !== null && facts.isNew);
  return facts.coupon === null ? refusalOf(ctx, claim, facts) : facts.coupon;
}

/** Of what the template is no reason to refuse: its member was erased while it was asked for. */
export async function refuseErased(ctx: Context, { member, template }: Pick<PendingClaim, "member" | "template">) {
  if (!(await findMember(ctx, { seq: member }))) return refuse.notFound("member", member);
  throw new Error(`a coupon of template ${template} was neither given nor refused`);
}

export function usedKey() {
  return refuse.conflict("This idempotency key was used for another coupon; take a new key.");
}

/**
 * Why the database gave nothing, in the one order of refusals, whoever finds them: over, not open yet, not for the
 * member, the member's limit, nothing left. Undefined where the template is no reason.
 */
export async function refusalOf(ctx: Context, claim: PendingClaim, facts: NothingMade) {
  const { state, held, perMember, stock, issued, opensAt, isSpent } = facts;
  const more = claim.gift?.of ?? 1;
  if (state === null || perMember === null || issued === null)
    return refuse.notFound("coupon template", claim.template);
  if (isOver({ state, closesAt: facts.closesAt, validTo: facts.endsAt }, claim.at)) return refuseCoupon.ended();
  if (opensAt !== null && claim.at < opensAt) return refuseCoupon.notStarted(opensAt);
  if (held + more > perMember) return refuseCoupon.limitReached(perMember, await couponsHeld(ctx, claim));
  // What was given back is for others once the sweep has opened the template again.
  const isShort = (stock !== null && issued + more > stock) || isSpent === 1;
  if (state === "SOLD_OUT" || isShort) return refuseCoupon.soldOut(more);
  return undefined;
}
