import { type SQL, sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { audienceOf } from "../template/eligibility.ts";
import { findTemplate } from "../template/template.ts";
import { unissuable } from "./issuable.ts";
import { issueRules, unitsLeft } from "./issue-rules.ts";

/**
 * How many more coupons of a template the shop can give a member now, as an SQL expression: within stock, budget and
 * the member's limit, as `issueCoupon` would. Nothing (0 or null) where the member is not one whom it is for, or it is
 * not the shop that gives them.
 */
export async function leftFor(ctx: Context, id: number, member: number): Promise<SQL> {
  const template = await findTemplate(ctx, id);
  if (template?.issueMode !== "SYSTEM" || unissuable(template)) return sql`0`;
  const { eligibility, perMember, shop } = template;
  const now = ctx.clock();
  const env = { asOf: now, timeZone: ctx.settings.shopTimeZone, shop };
  const isFor = eligibility === null ? null : compileAudience(audienceOf(ctx, template), env);
  const rules = issueRules({ template: id, eligibility: isFor, perMember }, now);
  const fits = sql.join([liveMember, ...rules.map(([, leavesOut]) => sql`NOT (${leavesOut})`)], sql` AND `);
  // Coupons of a member and template are numbered without a gap, and none is ever deleted.
  const held = sql`coalesce((SELECT max(h.number) FROM coupon h WHERE h.member = m.seq AND h.template = ${id}), 0)`;
  return sql`(SELECT min(${unitsLeft(id)}, ${perMember} - ${held}) FROM member m WHERE m.seq = ${member} AND ${fits})`;
}
