import { and, desc, eq, inArray, isNull, lt, max, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { inListOrder, isBehind, isFound, type Listed } from "../../db/listing.ts";
import { inReach, isOfShop, isOwnRow, shopOf } from "../../shop.ts";
import { type CouponTemplate, type TemplateState, templateTable } from "../table.ts";
import { asOf, isInState } from "./state.ts";

/**
 * The templates of these ids as they are now, in the order asked, with `undefined` for those that are not there, or not
 * in the reach of the actor.
 */
export async function templatesById(ctx: Context, ids: readonly number[]): Promise<(CouponTemplate | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(templateTable)
    .where(and(inArray(templateTable.id, [...ids]), inReach(ctx, shopOfRow)));
  return inOrder(ids, asTheyAre(ctx, found));
}

export async function findTemplate(ctx: Context, id: number): Promise<CouponTemplate | undefined> {
  return (await templatesById(ctx, [id]))[0];
}

const shopOfRow = sql`coupon_template.shop`;

/**
 * Whether the template of this number is the actor's to know of: for what hangs on it – coupons, codes – and what is
 * said to it.
 */
export function isReachable(ctx: Context, template: SQL): SQL {
  return isOwnRow(shopOf(ctx), sql`coupon_template`, template);
}

/** Which templates are listed. */
interface TemplateFilter extends Listed {
  /** As it is now. */
  readonly state?: TemplateState | undefined;
  readonly shop?: string | undefined;
}

/** Templates without the occurrences of those that recur; `after` is the last id of the page before. */
export async function listTemplates(
  ctx: Context,
  page: TemplateFilter & { after?: number | undefined; limit: number },
): Promise<CouponTemplate[]> {
  const reachable = sql`(SELECT id, name FROM coupon_template WHERE ${inReach(ctx, shopOfRow)})`;
  const found = await ctx.db.orm
    .select()
    .from(templateTable)
    .where(and(whichOf(ctx, page), isBehind(reachable, page, page.after)))
    .orderBy(inListOrder(page))
    .limit(page.limit);
  return asTheyAre(ctx, found);
}

export function countTemplates(ctx: Context, filter: TemplateFilter): Promise<number> {
  return ctx.db.orm.$count(templateTable, whichOf(ctx, filter));
}

function whichOf(ctx: Context, filter: TemplateFilter) {
  const { state, shop } = filter;
  return and(
    isNull(templateTable.recurringTemplate),
    inReach(ctx, shopOfRow),
    state === undefined ? undefined : isInState(state, ctx.clock()),
    isOfShop(shop, shopOfRow),
    isFound(filter),
  );
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
        inReach(ctx, shopOfRow),
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
