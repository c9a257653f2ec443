import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { findMember, type Member, type MemberKey } from "../../member/member.ts";
import { givenNow, refusalOf } from "../claim/claim.ts";
import { claimToken } from "../claim/claim-token.ts";
import { committerOf } from "../claim/committer.ts";
import { couponOfToken } from "../claim/coupon-by-token.ts";
import { makeCode } from "../code/code.ts";
import { refuseCoupon } from "../refusals.ts";
import { isEligible } from "../template/eligibility.ts";
import { isOver } from "../template/state.ts";
import { findTemplate } from "../template/template.ts";

export interface IssueInput {
  /** A template that is given by the system. */
  readonly template: number;
  readonly member: MemberKey;
  /** The caller's name for this one coupon, 1–200 characters. */
  readonly idempotencyKey: string;
}

/**
 * Gives one coupon of a SYSTEM template to a member, within stock, budget and the member's limit; before it opens, too.
 * Durable when it resolves. The same key of the same caller gives the same coupon again; for another member or template
 * it is a CONFLICT.
 */
export async function issueCoupon(ctx: Context, input: IssueInput) {
  const { idempotencyKey } = input;
  if (idempotencyKey.length < 1 || idempotencyKey.length > 200) {
    return refuse.invalid([{ path: "idempotencyKey", message: "must have 1 to 200 characters" }]);
  }
  const member = await findMember(ctx, input.member);
  if (!member) return refuse.notFound("member", Object.values(input.member)[0] ?? "");
  const template = await givenBySystem(ctx, input.template);
  if (isRefusal(template)) return template;
  const token = tokenOf(ctx, idempotencyKey);
  const earlier = await couponOfToken(ctx, token);
  if (!earlier && isOver(template, ctx.clock())) return refuseCoupon.ended();
  if (!earlier && !(await isEligible(asMember(ctx, member), template))) return refuseCoupon.notEligible();
  const claim = {
    template: template.id,
    member: member.seq,
    token,
    source: "ISSUE",
    code: template.codeMode === "ON_CLAIM" ? makeCode(template.codePrefix) : null,
    isPooled: template.codeMode === "POOL",
    ...givenNow(ctx, template),
  } as const;
  const facts = await committerOf(ctx).commit(claim);
  const { coupon } = facts;
  if (!coupon) {
    const refused = await refusalOf(ctx, claim, { ...facts, opensAt: null });
    if (refused) return refused;
    throw new Error(`a coupon of template ${template.id} was neither given nor refused`);
  }
  const isSame = coupon.template === template.id && coupon.member === member.seq;
  return isSame ? coupon : refuse.conflict("This idempotency key was used for another coupon; take a new key.");
}

async function givenBySystem(ctx: Context, id: number) {
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  if (template.issueMode !== "SYSTEM") {
    const message = `is given by ${template.issueMode}: members come for its coupons themselves`;
    return refuse.invalid([{ path: "templateId", message }]);
  }
  if (template.state === "DRAFT") return refuse.wrongState("This template is a draft; activate it first.", "DRAFT");
  return template;
}

/** Keys of one caller are no other's, nor a member's. */
function tokenOf({ actor }: Context, key: string): string {
  return `i${claimToken(0, `${describeActor(actor)}/${"id" in actor ? actor.id : ""}/${key}`).slice(1)}`;
}

function asMember(ctx: Context, { seq, id }: Member): Context {
  return { ...ctx, actor: { kind: "member", seq, id } };
}
