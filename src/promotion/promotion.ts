import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, or } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import { promotionTable } from "./table.ts";
import { PromotionRule } from "./tier.ts";

/** A rule that acts on the shop's carts or orders while it is enabled and inside its window. Times are milliseconds. */
export type Promotion = Omit<typeof promotionTable.$inferSelect, "kind" | "tiers"> & PromotionRule;

/** What an operator says of a promotion besides its rule. */
const PromotionFacts = z.strictObject({
  name: z.string().trim().min(1).max(200),
  remark: z.string().trim().max(2_000).default(""),
  /** Now, unless said. */
  startsAt: z.int().optional(),
  endsAt: z.int().nullable().default(null),
});

export type PromotionDraft = z.input<typeof PromotionFacts> & {
  readonly rule: { readonly kind: string; readonly tiers: readonly unknown[] };
};

/** Whether a promotion acts at this moment (ms). */
export function isActing(promotion: Pick<Promotion, "enabled" | "startsAt" | "endsAt">, now: number): boolean {
  const { enabled, startsAt, endsAt } = promotion;
  return enabled && startsAt <= now && (endsAt === null || now < endsAt);
}

/** Writes a promotion down, disabled. */
export async function createPromotion(ctx: Context, draft: PromotionDraft) {
  const checked = checkDraft(draft, ctx.clock());
  if (isRefusal(checked)) return checked;
  const now = ctx.clock();
  const row = { ...checked, enabled: false, createdAt: now, updatedAt: now };
  const [made] = await ctx.db.orm.insert(promotionTable).values(row).returning();
  if (!made) throw new Error("the insert answered no promotion");
  return fromRow(made);
}

/**
 * Changes a promotion, enabled or not; what is left out stays. Its announcements are not looked at: see
 * `campaign/draft/promotion-announcement.ts`.
 */
export async function rewritePromotion(
  ctx: Context,
  input: { readonly id: number; readonly draft: Partial<PromotionDraft> },
) {
  const before = await findPromotion(ctx, input.id);
  if (!before) return refuse.notFound("promotion", input.id);
  const { name, remark, startsAt, endsAt, kind, tiers } = before;
  const changes = Object.fromEntries(Object.entries(input.draft).filter(([, value]) => value !== undefined));
  const draft = { name, remark, startsAt, endsAt, rule: { kind, tiers }, ...changes };
  const checked = checkDraft(draft, ctx.clock());
  if (isRefusal(checked)) return checked;
  const [row] = await ctx.db.orm
    .update(promotionTable)
    .set({ ...checked, updatedAt: ctx.clock() })
    .where(eq(promotionTable.id, input.id))
    .returning();
  return row ? fromRow(row) : refuse.notFound("promotion", input.id);
}

/** Switches a promotion on or off; repeating it changes nothing. */
export async function setEnabled(ctx: Context, input: { id: number; enabled: boolean }) {
  const [row] = await ctx.db.orm
    .update(promotionTable)
    .set({ enabled: input.enabled, updatedAt: ctx.clock() })
    .where(eq(promotionTable.id, input.id))
    .returning();
  return row ? fromRow(row) : refuse.notFound("promotion", input.id);
}

export async function findPromotion(ctx: Context, id: number): Promise<Promotion | undefined> {
  return (await promotionsById(ctx, [id]))[0];
}

/** The promotions of these ids in the order asked, with `undefined` for those that are not there. */
export async function promotionsById(ctx: Context, ids: readonly number[]): Promise<(Promotion | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(promotionTable)
    .where(inArray(promotionTable.id, [...ids]));
  const byId = new Map(found.map((row) => [row.id, fromRow(row)]));
  return ids.map((id) => byId.get(id));
}

/** Promotions, newest first; `after` is the last id of the page before. */
export async function listPromotions(
  ctx: Context,
  { after, limit, enabled }: { after?: number | undefined; limit: number; enabled?: boolean | undefined },
): Promise<Promotion[]> {
  const rows = await ctx.db.orm
    .select()
    .from(promotionTable)
    .where(
      and(
        after === undefined ? undefined : lt(promotionTable.id, after),
        enabled === undefined ? undefined : eq(promotionTable.enabled, enabled),
      ),
    )
    .orderBy(desc(promotionTable.id))
    .limit(limit);
  return rows.map(fromRow);
}

/** The promotions that act at a moment (ms), see {@link isActing}, in the order in which they were written down. */
export async function actingPromotions(ctx: Context, now: number): Promise<Promotion[]> {
  const { enabled, startsAt, endsAt, id } = promotionTable;
  const rows = await ctx.db.orm
    .select()
    .from(promotionTable)
    .where(and(eq(enabled, true), lte(startsAt, now), or(isNull(endsAt), gt(endsAt, now))))
    .orderBy(asc(id));
  return rows.map(fromRow);
}

function checkDraft({ rule, ...facts }: PromotionDraft, now: number) {
  const parsed = PromotionFacts.safeParse(facts);
  const ruled = PromotionRule.safeParse(rule);
  const issues = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => ({ path: path.join("."), message })),
    ...(ruled.error?.issues ?? []).map(({ path, message }) => ({ path: ["rule", ...path].join("."), message })),
  ];
  if (!parsed.success || !ruled.success) return refuse.invalid(issues);
  const { startsAt = now, endsAt } = parsed.data;
  if (endsAt !== null && endsAt <= startsAt) {
    return refuse.invalid([{ path: "endsAt", message: "the end must lie after the start" }]);
  }
  return { ...parsed.data, startsAt, ...ruled.data };
}

/** The rule is parsed again, so that a row that no longer fits is noticed where it is read. */
function fromRow({ kind, tiers, ...facts }: typeof promotionTable.$inferSelect): Promotion {
  return { ...facts, ...PromotionRule.parse({ kind, tiers }) };
}
