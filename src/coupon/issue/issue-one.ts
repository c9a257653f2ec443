import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { findMember, type Member, type MemberKey } from "../../member/member.ts";
import { auditEach } from "../../transition/audit.ts";
import { givenNow, refusalOf, refuseErased } from "../claim/claim.ts";
import { commitTogether } from "../claim/committer.ts";
import { couponOfToken } from "../claim/coupon-by-token.ts";
import { issueToken, issueTokenByName } from "../claim/issue-token.ts";
import type { PendingClaim } from "../claim/pending-claim.ts";
import { makeCodes } from "../code/code.ts";
import { refuseCoupon } from "../refusals.ts";
import type { Coupon, CouponTemplate } from "../table.ts";
import { isEligible } from "../template/eligibility.ts";
import { isOver } from "../template/state.ts";
import { findTemplate } from "../template/template.ts";
import type { Validity } from "../template/validity.ts";
import { windowIssues } from "../template/window.ts";
import { isVoid } from "../void.ts";
import { GiftInput, giftOf, sourceOfGift } from "./gift.ts";
import { tokensOf } from "./given-together.ts";

export interface IssueInput {
  /** A template that is given by the system. */
  readonly template: number;
  readonly member: MemberKey;
  /** The caller's name for this one gift, 1–200 characters. */
  readonly idempotencyKey: string;
  /** How many, 1–100; one unless it is said. */
  readonly quantity?: number | undefined;
  /** How long they are good for; as the template has it unless it is said. Times are ms. */
  readonly validity?: Validity | undefined;
  /** What it is given for, for people: `trigger/…`, `order/…`, `campaign/…` or `person/…`. */
  readonly source?: string | undefined;
}

/**
 * Gives coupons of a SYSTEM template to a member, all or none, within stock, budget and the member's limit; before it
 * opens, too. Answers the first; `givenTogether` has them all. Durable when it resolves. The same key of the same
 * caller gives the same again; for another member, template, quantity, validity or source it is a CONFLICT, as is a key
 * whose coupons were taken back.
 */
export async function issueCoupon(ctx: Context, { template: id, member: whom, ...asked }: IssueInput) {
  const gift = parseInput(GiftInput, asked);
  if (isRefusal(gift)) return gift;
  const member = await findMember(ctx, whom);
  if (!member) return refuse.notFound("member", Object.values(whom)[0] ?? "");
  const template = await givenBySystem(ctx, id);
  if (isRefusal(template)) return template;
  const token = await tokenOf(ctx, gift.idempotencyKey);
  const refused = (await couponOfToken(ctx, token)) ? undefined : await notGiven(ctx, { template, member, gift });
  if (refused) return refused;
  const claims = claimsOf(ctx, { template, member, gift, token });
  const [claim] = claims;
  const facts = await commitTogether(ctx, claims, noted(ctx, claims));
  if (facts.coupon === null) {
    if (await isVoid(ctx, token)) return refuse.conflict("What this idempotency key gave was taken back.");
    return (await refusalOf(ctx, claim, { ...facts, opensAt: null })) ?? refuseErased(ctx, claim);
  }
  return isSame(facts.coupon, claim, gift.source)
    ? facts.coupon
    : refuse.conflict("This idempotency key was used for another coupon; take a new key.");
}

/** What a key gave before names could change, it gave. */
async function tokenOf(ctx: Context, key: string): Promise<string> {
  const [token, earlier] = [issueToken(ctx, key), issueTokenByName(ctx, key)];
  return token !== earlier && (await couponOfToken(ctx, earlier)) ? earlier : token;
}

/** What an operator gives is written down with it. */
function noted(ctx: Context, claims: readonly PendingClaim[]): Query[] {
  const given = claims.map(({ token, at }) => ({ token, at }));
  const coupons = sql`
    SELECT c.id, 'given' AS what FROM ${rows(given)} CROSS JOIN coupon c ON c.token = ${field("token")}
    WHERE c.at = ${field("at")}`;
  return auditEach(ctx, "coupon", sql`(${coupons})`);
}

interface Wanted {
  readonly template: CouponTemplate;
  readonly member: Member;
  readonly gift: GiftInput;
}

/** Why nothing is given, where nothing was given under the key yet and the database need not be asked. */
async function notGiven(ctx: Context, { template, member, gift }: Wanted) {
  const now = ctx.clock();
  if (isOver(template, now)) return refuseCoupon.ended();
  const { validity } = gift;
  const faults = validity ? windowIssues({ opensAt: null, closesAt: null, validity }, now) : [];
  if (faults.length > 0) return refuse.invalid(faults);
  return (await isEligible(asMember(ctx, member), template)) ? undefined : refuseCoupon.notEligible();
}

function claimsOf(ctx: Context, { template, member, gift, token }: Wanted & { readonly token: string }) {
  const given = givenNow(ctx, template);
  const { codeMode, codePrefix } = template;
  const codes = codeMode === "ON_CLAIM" ? makeCodes(codePrefix, gift.quantity) : [];
  const common = {
    template: template.id,
    member: member.seq,
    source: sourceOfGift(ctx, gift),
    isPooled: codeMode === "POOL",
    gift: giftOf(ctx, gift, given.at),
    ...given,
  };
  const claim = (name: string, n: number): PendingClaim => ({ ...common, token: name, code: codes[n] ?? null });
  const [first, ...others] = tokensOf(token, gift.quantity);
  return [claim(first, 0), ...others.map((name, n) => claim(name, n + 1))] as const;
}

/** Whether a coupon is what this claim asks for; the source counts where it is said. */
function isSame(coupon: Coupon, { template, member, gift }: PendingClaim, source: string | undefined): boolean {
  const isOf = coupon.template === template && coupon.member === member && coupon.asked === (gift?.asked ?? null);
  return isOf && (source === undefined || source === coupon.source);
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

function asMember(ctx: Context, { seq, id }: Member): Context {
  return { ...ctx, actor: { kind: "member", seq, id } };
}
