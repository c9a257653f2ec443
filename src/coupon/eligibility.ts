import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { isRefusal } from "../errors.ts";
import { type Audience, compileAudience, everyone, liveMember, parseAudience } from "../member/audience.ts";
import type { AudienceTerm } from "../member/audience-term.ts";
import { memberTerms } from "../member/terms.ts";
import type { CouponTemplate } from "./table.ts";

/** What a template's eligibility may ask. */
export const eligibilityTerms: readonly AudienceTerm[] = memberTerms;

/** Whether the acting member may have a template's coupons: its audience filter, asked of the member alone, now. */
export async function isEligible(ctx: Context, template: CouponTemplate): Promise<boolean> {
  if (ctx.actor.kind !== "member") return false;
  if (template.eligibility === null) return true;
  const predicate = compileAudience(audienceOf(template), {
    asOf: ctx.clock(),
    timeZone: ctx.settings.shopTimeZone,
  });
  const row = await ctx.db.first<{ one: number }>(
    sql`SELECT 1 AS one FROM member m WHERE m.seq = ${ctx.actor.seq} AND ${liveMember} AND ${predicate}`,
  );
  return row !== undefined;
}

/** A template's audience; everyone where it names none. */
export function audienceOf({ id, eligibility }: Pick<CouponTemplate, "id" | "eligibility">): Audience {
  if (eligibility === null) return everyone;
  const parsed = parseAudience(eligibilityTerms, eligibility);
  if (isRefusal(parsed)) throw new Error(`the eligibility of coupon template ${id} cannot be read: ${parsed.message}`);
  return parsed;
}
