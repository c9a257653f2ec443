import { and, asc, eq, inArray, sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import type { Context } from "../context.ts";
import { withTransaction } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { inListOrder, isBehind, isFound, type Listed } from "../db/listing.ts";
import { prepared } from "../db/statement.ts";
import { isRefusal, refuse } from "../errors.ts";
import { inReach, isOfShop, newShop } from "../shop.ts";
import { auditChanges, auditDeed, subjectOf } from "../transition/audit.ts";
import { revise } from "../transition/revision.ts";
import { changesOf } from "./changes.ts";
import { checkDraft, draftOf, type PromotionDraft } from "./draft.ts";
import { readPromotions, type WrittenPromotion, writtenPromotion } from "./read.ts";
import { fromRow, type Promotion, promotionTable } from "./table.ts";

export type { PromotionDraft } from "./draft.ts";
export type { Promotion } from "./table.ts";

/** Whether a promotion acts at this moment (ms). */
export function isActing(promotion: Pick<Promotion, "enabled" | "startsAt" | "endsAt">, now: number): boolean {
  const { enabled, startsAt, endsAt } = promotion;
  return enabled && startsAt <= now && (endsAt === null || now < endsAt);
}

/** What is said of a promotion when it is made, and whose it is: its maker's shop's unless said. */
export type NewPromotion = PromotionDraft & { readonly shop?: string | undefined };

/** Writes a promotion down, disabled. */
export function createPromotion(ctx: Context, { shop: asked, ...draft }: NewPromotion) {
  return withTransaction(ctx, async (tx) => {
    const shop = newShop(tx, asked);
    if (isRefusal(shop)) return shop;
    const checked = await checkDraft(tx, draft, { shop, enabled: false });
    if (isRefusal(checked)) return checked;
    const now = tx.clock();
    const own = { shop, enabled: false, createdBy: describeActor(tx.actor), createdAt: now, updatedAt: now };
    const [row] = await tx.db.orm
      .insert(promotionTable)
      .values({ ...checked, ...own })
      .returning();
    if (!row) throw new Error("the insert answered no promotion");
    const subject = subjectOf("promotion", row.id);
    await tx.db.write([auditDeed(tx, subject, "created"), revise(tx, subject, ["created"])]);
    return fromRow(row);
  });
}

/**
 * Changes a promotion, enabled or not; what is left out stays. Its history tells each fact that changed, before and
 * after. Its announcements are not looked at: see `campaign/announcement/edit.ts`.
 */
export function rewritePromotion(
  ctx: Context,
  input: { readonly id: number; readonly draft: Partial<PromotionDraft> },
) {
  return withTransaction(ctx, async (tx) => {
    const before = await findPromotion(tx, input.id);
    if (!before) return refuse.notFound("promotion", input.id);
    const checked = await checkChanges(tx, before, input.draft);
    if (isRefusal(checked)) return checked;
    const changes = await changesOf(tx, before, { ...before, ...checked });
    if (changes.length === 0) return before;
    const [row] = await tx.db.orm
      .update(promotionTable)
      .set({ ...checked, updatedAt: tx.clock() })
      .where(eq(promotionTable.id, input.id))
      .returning();
    if (!row) return refuse.notFound("promotion", input.id);
    const subject = subjectOf("promotion", input.id);
    const facts = changes.map(({ fact }) => fact);
    await tx.db.write([...auditChanges(tx, subject, changes), revise(tx, subject, facts)]);
    return fromRow(row);
  });
}

/** What a promotion would say after a change, or what is wrong with that; nothing is written. */
export async function changedPromotion(ctx: Context, before: Promotion, draft: Partial<PromotionDraft>) {
  const checked = await checkChanges(ctx, before, draft);
  return isRefusal(checked) ? checked : { ...before, ...checked };
}

function checkChanges(ctx: Context, before: Promotion, draft: Partial<PromotionDraft>) {
  const said = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
  const { shop, enabled } = before;
  const isPromisedAnew = promisesAnew(before, said);
  return checkDraft(ctx, { ...draftOf(before), ...said }, { shop, enabled, isPromisedAnew });
}

/**
 * Whether a change promises something anew, or for longer: what is promised already may be kept no more, and is renamed
 * or ended sooner nevertheless. To ask what is wrong with all of it, one changes nothing.
 */
function promisesAnew(before: Promotion, said: Partial<PromotionDraft>): boolean {
  const { rule, currency, endsAt = before.endsAt } = said;
  const isLonger = before.endsAt !== null && (endsAt === null || endsAt > before.endsAt);
  return rule !== undefined || currency !== undefined || isLonger || Object.keys(said).length === 0;
}

/**
 * Switches a promotion on or off; repeating it changes nothing. One that cannot be kept is not switched on
 * (INVALID_INPUT names what of it, by its place in the draft): what it gives must be in offer, for as long as it acts.
 */
export function setEnabled(ctx: Context, input: { readonly id: number; readonly enabled: boolean }) {
  return withTransaction(ctx, async (tx) => {
    const before = await findPromotion(tx, input.id);
    if (!before) return refuse.notFound("promotion", input.id);
    if (before.enabled === input.enabled) return before;
    const checked = input.enabled
      ? await checkDraft(tx, draftOf(before), { shop: before.shop, enabled: true })
      : before;
    if (isRefusal(checked)) return checked;
    const [row] = await tx.db.orm
      .update(promotionTable)
      .set({ enabled: input.enabled, updatedAt: tx.clock() })
      .where(eq(promotionTable.id, input.id))
      .returning();
    if (!row) return refuse.notFound("promotion", input.id);
    await tx.db.write([auditDeed(tx, subjectOf("promotion", input.id), input.enabled ? "enabled" : "disabled")]);
    return fromRow(row);
  });
}

export async function findPromotion(ctx: Context, id: number): Promise<Promotion | undefined> {
  return (await promotionsById(ctx, [id]))[0];
}

/** The shop of a row. */
const ofRow = sql`promotion.shop`;

/** The promotions of these ids in the order asked, with `undefined` for those that the actor knows nothing of. */
export async function promotionsById(ctx: Context, ids: readonly number[]): Promise<(Promotion | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(promotionTable)
    .where(and(inArray(promotionTable.id, [...ids]), inReach(ctx, ofRow)));
  return inOrder(ids, found.map(fromRow));
}

/** Which promotions are listed. */
interface PromotionFilter extends Listed {
  readonly enabled?: boolean | undefined;
  /** Only those of this shop; empty: the company's own. */
  readonly shop?: string | undefined;
}

/** Promotions; `after` is the last id of the page before. */
export async function listPromotions(
  ctx: Context,
  page: PromotionFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<Promotion[]> {
  const reachable = sql`(SELECT id, name FROM promotion WHERE ${inReach(ctx, ofRow)})`;
  const rows = await ctx.db.orm
    .select()
    .from(promotionTable)
    .where(and(whichOf(ctx, page), isBehind(reachable, page, page.after)))
    .orderBy(inListOrder(page))
    .limit(page.limit);
  return rows.map(fromRow);
}

export function countPromotions(ctx: Context, filter: PromotionFilter): Promise<number> {
  return ctx.db.orm.$count(promotionTable, whichOf(ctx, filter));
}

function whichOf(ctx: Context, filter: PromotionFilter) {
  const { enabled, shop } = filter;
  return and(
    inReach(ctx, ofRow),
    enabled === undefined ? undefined : eq(promotionTable.enabled, enabled),
    isOfShop(shop, ofRow),
    isFound(filter),
  );
}

/**
 * The promotions that act at a moment (ms), see {@link isActing}, in the order in which they were written down: of all
 * shops, for they act on the carts of all.
 */
export async function actingPromotions(ctx: Context, now: number): Promise<Promotion[]> {
  return readPromotions(ctx, await ctx.db.all<WrittenPromotion>(acting({ now })));
}

const acting = prepared<{ now: number }>(
  ({ now }) => sql`
    SELECT ${writtenPromotion} FROM promotion
    WHERE enabled = 1 AND starts_at <= ${now} AND (ends_at IS NULL OR ends_at > ${now}) ORDER BY id`,
);

/**
 * The enabled promotions that give coupons of a template, in the order in which they were written down, as far as the
 * actor knows of them.
 */
export async function promotionsGiving(ctx: Context, template: number): Promise<Promotion[]> {
  const { enabled, kind, id } = promotionTable;
  const names = sql`EXISTS (SELECT 1 FROM json_each(tiers) WHERE (value ->> 'couponTemplate') = ${template})`;
  const rows = await ctx.db.orm
    .select()
    .from(promotionTable)
    .where(and(eq(enabled, true), eq(kind, "COUPON"), names, inReach(ctx, ofRow)))
    .orderBy(asc(id));
  return rows.map(fromRow);
}
