import { sql } from "drizzle-orm";
import type { MemberContext } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { rateLimit } from "../../redis/rate-limit.ts";
import { codeKey } from "../../value/coupon-code.ts";
import { isWellTyped } from "../code/code.ts";
import { codeHash } from "../code/code-hash.ts";
import { hasUploadedCodes } from "../code/uploaded.ts";
import { refuseCoupon } from "../refusals.ts";
import type { Coupon } from "../table.ts";
import { templateToClaim } from "../template/template-to-claim.ts";
import { decide, givenNow, notClaimable, usedKey } from "./claim.ts";
import { claimToken } from "./claim-token.ts";
import { couponOfToken } from "./coupon-by-token.ts";

/** Codes that may be tried, by one member and from one address, which many members may share; right ones count, too. */
export const codeTries = {
  perMember: { limit: 10, periodSeconds: 600 },
  perAddress: { limit: 100, periodSeconds: 600 },
} as const;

export interface RedeemInput {
  /** As the member typed it. */
  readonly code: string;
  /** The member's name for this one try, 1–200 characters; one namespace with claims. */
  readonly idempotencyKey: string;
  /** Where the member sits. */
  readonly address: string;
}

/**
 * Gives the acting member the coupon that a code stands for, with this very code, where its template gives coupons for
 * codes. Durable when it resolves; the same idempotency key gives the same coupon again. Codes that are unknown,
 * mistyped, used, someone else's, for something else, or for a member who may not or no more have one are refused
 * alike: whoever cannot use a code up must not learn that it is right. Mistyped ones cost no look into the database
 * unless codes were uploaded, which have no check symbol. A right one may be refused because of what its
 * template is to everybody: over, not open yet, nothing left.
 */
export async function redeemCode(ctx: MemberContext, input: RedeemInput) {
  const { code, idempotencyKey, address } = input;
  if (idempotencyKey.length < 1 || idempotencyKey.length > 200) {
    return refuse.invalid([{ path: "idempotencyKey", message: "must have 1 to 200 characters" }]);
  }
  const token = claimToken(ctx.actor.seq, idempotencyKey);
  const limited = await triedTooOften(ctx, address);
  if (!limited && !isWellTyped(code) && !(await hasUploadedCodes(ctx))) return refuseCode(ctx, code, "MISTYPED");
  const key = codeKey(code);
  const [earlier, found] = await Promise.all([couponOfToken(ctx, token), limited ? undefined : findCode(ctx, key)]);
  if (earlier) return sameCode(earlier, key);
  if (limited) return limited;
  if (!found?.isOpen) return refuseCode(ctx, code, found ? "TAKEN" : isWellTyped(code) ? "UNKNOWN" : "MISTYPED");
  const template = await templateToClaim(ctx, found.template);
  if (!template) return refuseCode(ctx, code, "TAKEN");
  const refused = await notClaimable(ctx, template);
  if (refused?.code === "NOT_ELIGIBLE") return refuseCode(ctx, code, refused.code);
  if (refused) return refused;
  const claim = { template: template.id, member: ctx.actor.seq, token, source: "CODE", code: found.code } as const;
  const given = await decide(ctx, { ...claim, isPooled: true, ...givenNow(ctx, template) }, template);
  if (given === undefined) return refuseCode(ctx, code, "TAKEN"); // someone was faster
  if (!isRefusal(given)) return sameCode(given, key);
  return given.code === "LIMIT_REACHED" ? refuseCode(ctx, code, given.code) : given;
}

/** A key's coupon, if it was made for this code. */
function sameCode(coupon: Coupon, key: string) {
  return coupon.code !== null && codeKey(coupon.code) === key ? coupon : usedKey();
}

async function triedTooOften(ctx: MemberContext, address: string) {
  const now = ctx.clock();
  const { perMember, perAddress } = codeTries;
  const member = await rateLimit(ctx, { key: `code:member:${ctx.actor.seq}`, ...perMember, now });
  if (!member.allowed) return refuse.rateLimited(member.retryAfterSeconds);
  const place = await rateLimit(ctx, { key: `code:address:${address}`, ...perAddress, now });
  return place.allowed ? undefined : refuse.rateLimited(place.retryAfterSeconds);
}

interface FoundCode {
  readonly code: string;
  readonly template: number;
  /** Whether the member can have a coupon for it: it is nobody's, its template gives for codes, and one more to her. */
  readonly isOpen: number;
}

function findCode(ctx: MemberContext, key: string): Promise<FoundCode | undefined> {
  return ctx.db.first<FoundCode>(sql`
    SELECT p.code, p.template, p.coupon IS NULL AND t.issue_mode = 'CODE' AND t.state <> 'DRAFT' AND t.per_member > (
      SELECT count(*) FROM coupon h WHERE h.member = ${ctx.actor.seq} AND h.template = t.id) AS isOpen
    FROM pool_code p JOIN coupon_template t ON t.id = p.template WHERE p.key = ${key}`);
}

type Mismatch = "UNKNOWN" | "MISTYPED" | "TAKEN" | "LIMIT_REACHED" | "NOT_ELIGIBLE";

/** The log tells guesses from typing mistakes; the member is told one thing. */
function refuseCode(ctx: MemberContext, code: string, result: Mismatch) {
  ctx.log("info", "code.refused", { codeHash: codeHash(ctx, code), result });
  return refuseCoupon.code();
}
