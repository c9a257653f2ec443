import { type SQL, sql } from "drizzle-orm";
import { compileAudience } from "../audience/audience.ts";
import type { Context } from "../context.ts";
import { unissuable } from "../coupon/issue/issuable.ts";
import type { CouponSkipFacts } from "../coupon/issue/issue-rules.ts";
import type { CouponTemplate } from "../coupon/table.ts";
import { audienceOf } from "../coupon/template/eligibility.ts";
import { findTemplate } from "../coupon/template/template.ts";
import { refuse } from "../errors.ts";
import type { Distribution } from "./distribution.ts";

/** What a distribution gives, as the template is now. */
export interface Giving extends CouponSkipFacts {
  /** The distribution. */
  readonly id: number;
  /** The others of its chain: those that it follows, and that follow it, where it was read on behind them. */
  readonly chained: readonly number[];
  readonly terms: Pick<CouponTemplate, "codeMode" | "codePrefix" | "stock">;
}

/** Reads it; at `now` (ms), for what its audience asks of times. */
export async function givingOf(
  ctx: Context,
  { id, chain, template: number }: Pick<Distribution, "id" | "chain" | "template">,
  now: number,
): Promise<Giving> {
  const template = await findTemplate(ctx, number);
  if (!template) throw new Error(`coupon template ${number} is gone`);
  const { eligibility, perMember, shop } = template;
  const env = { asOf: now, timeZone: ctx.settings.shopTimeZone, shop };
  const isFor: SQL | null = eligibility === null ? null : sql`(${compileAudience(audienceOf(ctx, template), env)})`;
  return {
    id,
    chained: await othersOf(ctx, id, chain ?? id),
    template: number,
    eligibility: isFor,
    perMember,
    terms: template,
  };
}

async function othersOf(ctx: Context, id: number, chain: number): Promise<number[]> {
  const found = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM distribution WHERE (id = ${chain} OR chain = ${chain}) AND id <> ${id}`);
  return found.map((each) => each.id);
}

/** The template whose coupons are to be given by a file, or why they cannot be. */
export async function givenByFile(ctx: Context, id: number) {
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  const why = unissuable(template);
  if (why !== undefined) return refuse.invalid([{ path: "templateId", message: why }]);
  if (template.state === "DRAFT") return refuse.wrongState("This template is a draft; activate it first.", "DRAFT");
  if (template.state !== "ACTIVE" && template.state !== "SOLD_OUT")
    return refuse.wrongState("Nothing of this template is given any more.", template.state);
  return template;
}
