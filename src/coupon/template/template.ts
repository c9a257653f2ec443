import { and, desc, eq, inArray, isNull, lt, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Database } from "../../db/client.ts";
import { type CouponTemplate, type TemplateState, templateTable } from "../table.ts";

/** The templates of these ids in the order asked, with `undefined` for those that are not there. */
export async function templatesById(ctx: Context, ids: readonly number[]): Promise<(CouponTemplate | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(templateTable)
    .where(inArray(templateTable.id, [...ids]));
  const byId = new Map(found.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id));
}

export async function findTemplate(ctx: Context, id: number): Promise<CouponTemplate | undefined> {
  return (await templatesById(ctx, [id]))[0];
}

/** Templates, newest first, without the occurrences of those that recur; `after` is the last id of the page before. */
export function listTemplates(
  ctx: Context,
  page: { after?: number | undefined; limit: number; state?: TemplateState | undefined; shop?: string | undefined },
): Promise<CouponTemplate[]> {
  const { after, limit, state, shop } = page;
  return ctx.db.orm
    .select()
    .from(templateTable)
    .where(
      and(
        isNull(templateTable.recurringTemplate),
        after === undefined ? undefined : lt(templateTable.id, after),
        state === undefined ? undefined : eq(templateTable.state, state),
        shop === undefined ? undefined : eq(templateTable.shop, shop),
      ),
    )
    .orderBy(desc(templateTable.id))
    .limit(limit);
}

/**
 * The occurrences of a recurring template that there are, the latest first; `after` is when the last of the page before
 * opens (ms).
 */
export function listOccurrences(
  ctx: Context,
  page: { recurringTemplate: number; after?: number | undefined; limit: number },
): Promise<CouponTemplate[]> {
  const { recurringTemplate, after, limit } = page;
  return ctx.db.orm
    .select()
    .from(templateTable)
    .where(
      and(
        eq(templateTable.recurringTemplate, recurringTemplate),
        after === undefined ? undefined : lt(templateTable.occursAt, after),
      ),
    )
    .orderBy(desc(templateTable.occursAt))
    .limit(limit);
}

/** How old what a crowd is told of a template may be, ms. The database is asked again before anything is given. */
const freshMs = 1_000;
const maxKept = 1_000;

/**
 * The template that a claim of `id` is about, at most a second old, and read once for a crowd: itself, or of a
 * recurring one the occurrence that is open or opens next.
 */
export async function templateToClaim(ctx: Context, id: number): Promise<CouponTemplate | undefined> {
  const kept = keptOf(ctx.db);
  const now = performance.now();
  const known = kept.get(id);
  if (known && now - known.at < freshMs) return known.template;
  if (kept.size >= maxKept) kept.clear();
  const template = readToClaim(ctx, id);
  kept.set(id, { at: now, template });
  template.catch(() => kept.delete(id));
  return template;
}

/** What an operator just changed is seen at once, in this process. */
export function forgetTemplate({ db }: Context, id: number): void {
  keptOf(db).delete(id);
}

async function readToClaim(ctx: Context, id: number): Promise<CouponTemplate | undefined> {
  const template = await findTemplate(ctx, id);
  if (!template || template.recurrence === null) return template;
  const next = await ctx.db.first<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE recurring_template = ${id} AND state <> 'DRAFT' AND (closes_at IS NULL OR closes_at > ${ctx.clock()})
    ORDER BY occurs_at LIMIT 1`);
  return next ? findTemplate(ctx, next.id) : { ...template, state: "ENDED" };
}

type Kept = Map<number, { readonly at: number; readonly template: Promise<CouponTemplate | undefined> }>;
const caches = new WeakMap<Database, Kept>();

function keptOf(db: Database): Kept {
  const kept: Kept = caches.get(db) ?? new Map();
  caches.set(db, kept);
  return kept;
}
