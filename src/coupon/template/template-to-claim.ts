import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { inAllShops } from "../../shop.ts";
import type { CouponTemplate } from "../table.ts";
import { findTemplate } from "./template.ts";

/** How old what a crowd is told of a template may be, ms. The database is asked again before anything is given. */
const freshMs = 1_000;
const maxKept = 1_000;

/**
 * The template that a claim of `id` is about, at most a second old, and read once for a crowd: itself, or of a
 * recurring one the occurrence that is open or opens next.
 */
export async function templateToClaim(ctx: Context, id: number): Promise<CouponTemplate | undefined> {
  const kept = templates(ctx);
  const now = ctx.timers.now();
  const known = kept.get(id);
  if (known && now - known.at < freshMs) return known.template;
  if (kept.size >= maxKept) kept.clear();
  const template = readTemplateToClaim(inAllShops(ctx), id);
  kept.set(id, { at: now, template });
  template.catch(() => kept.delete(id));
  return template;
}

/** What an operator just changed is seen at once, in this process. */
export function forgetTemplate(ctx: Context, id: number): void {
  templates(ctx).delete(id);
}

/** The same, asked now. */
export async function readTemplateToClaim(ctx: Context, id: number): Promise<CouponTemplate | undefined> {
  const template = await findTemplate(ctx, id);
  if (!template || template.recurrence === null) return template;
  const next = await ctx.db.first<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE recurring_template = ${id} AND state <> 'DRAFT' AND (closes_at IS NULL OR closes_at > ${ctx.clock()})
    ORDER BY occurs_at LIMIT 1`);
  return next ? findTemplate(ctx, next.id) : { ...template, state: "ENDED" };
}

type Kept = Map<number, { readonly at: number; readonly template: Promise<CouponTemplate | undefined> }>;

const templates = (ctx: Context) => perApp(ctx, "coupon.templatesToClaim", (): Kept => new Map());
