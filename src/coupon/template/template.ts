import { and, desc, eq, inArray, isNull, lt, max } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { lineOf } from "../../value/plain-text.ts";
import { type CouponTemplate, type TemplateState, templateTable } from "../table.ts";
import { asOf, isInState } from "./state.ts";

/** The templates of these ids as they are now, in the order asked, with `undefined` for those that are not there. */
export async function templatesById(ctx: Context, ids: readonly number[]): Promise<(CouponTemplate | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(templateTable)
    .where(inArray(templateTable.id, [...ids]));
  return inOrder(ids, asTheyAre(ctx, found));
}

export async function findTemplate(ctx: Context, id: number): Promise<CouponTemplate | undefined> {
  return (await templatesById(ctx, [id]))[0];
}

/** Templates, newest first, without the occurrences of those that recur; `after` is the last id of the page before. */
export async function listTemplates(
  ctx: Context,
  page: { after?: number | undefined; limit: number; state?: TemplateState | undefined; shop?: string | undefined },
): Promise<CouponTemplate[]> {
  const { after, limit, state, shop } = page;
  const found = await ctx.db.orm
    .select()
    .from(templateTable)
    .where(
      and(
        isNull(templateTable.recurringTemplate),
        after === undefined ? undefined : lt(templateTable.id, after),
        state === undefined ? undefined : isInState(state, ctx.clock()),
        shop === undefined ? undefined : eq(templateTable.shop, lineOf(shop)),
      ),
    )
    .orderBy(desc(templateTable.id))
    .limit(limit);
  return asTheyAre(ctx, found);
}

/**
 * The occurrences of a recurring template that there are, the latest first; `after` is when the last of the page before
 * opens (ms).
 */
export async function listOccurrences(
  ctx: Context,
  page: { recurringTemplate: number; after?: number | undefined; limit: number },
): Promise<CouponTemplate[]> {
  const { recurringTemplate, after, limit } = page;
  const found = await ctx.db.orm
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
  return asTheyAre(ctx, found);
}

/** The highest number that a template has, occurrences among them; 0 without one. */
export async function newestTemplate({ db }: Context): Promise<number> {
  return (await db.orm.select({ id: max(templateTable.id) }).from(templateTable))[0]?.id ?? 0;
}

function asTheyAre(ctx: Context, templates: readonly CouponTemplate[]): CouponTemplate[] {
  const now = ctx.clock();
  return templates.map((template) => asOf(template, now));
}
