import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, or } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../context.ts";
import { withTransaction } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import type { Issue } from "../errors.ts";
import { isRefusal, refuse } from "../errors.ts";
import { check, schemaIssues } from "../input.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { revise } from "../transition/revision.ts";
import { currency } from "../value/currency.ts";
import { plainText } from "../value/plain-text.ts";
import { promotionTable } from "./table.ts";
import { PromotionRule, rewardOfTier } from "./tier.ts";

/** A rule that acts on the shop's carts or orders while it is enabled and inside its window. Times are milliseconds. */
export type Promotion = Omit<typeof promotionTable.$inferSelect, "kind" | "tiers"> & PromotionRule;

/** What an operator says of a promotion besides its rule. */
const PromotionFacts = z.strictObject({
  name: plainText(200),
  remark: z.string().trim().max(2_000).default(""),
  currency: currency(),
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
  const checked = await checkDraft(ctx, draft);
  if (isRefusal(checked)) return checked;
  const now = ctx.clock();
  const row = { ...checked, enabled: false, createdAt: now, updatedAt: now };
  return withTransaction(ctx, async (tx) => {
    const [made] = await tx.db.orm.insert(promotionTable).values(row).returning();
    if (!made) throw new Error("the insert answered no promotion");
    return audited(tx, made, "created", ["created"]);
  });
}

/**
 * Changes a promotion, enabled or not; what is left out stays. Its announcements are not looked at: see
 * `campaign/announcement/promotion-announcement.ts`.
 */
export async function rewritePromotion(
  ctx: Context,
  input: { readonly id: number; readonly draft: Partial<PromotionDraft> },
) {
  const before = await findPromotion(ctx, input.id);
  if (!before) return refuse.notFound("promotion", input.id);
  const { name, remark, currency, startsAt, endsAt, kind, tiers } = before;
  const changes = Object.fromEntries(Object.entries(input.draft).filter(([, value]) => value !== undefined));
  const draft = { name, remark, currency, startsAt, endsAt, rule: { kind, tiers }, ...changes };
  const checked = await checkDraft(ctx, draft);
  if (isRefusal(checked)) return checked;
  return withTransaction(ctx, async (tx) => {
    const [row] = await tx.db.orm
      .update(promotionTable)
      .set({ ...checked, updatedAt: tx.clock() })
      .where(eq(promotionTable.id, input.id))
      .returning();
    return row ? audited(tx, row, "changed", Object.keys(changes)) : refuse.notFound("promotion", input.id);
  });
}

/** Switches a promotion on or off; repeating it changes nothing. */
export async function setEnabled(ctx: Context, input: { id: number; enabled: boolean }) {
  return withTransaction(ctx, async (tx) => {
    const before = await findPromotion(tx, input.id);
    if (!before) return refuse.notFound("promotion", input.id);
    if (before.enabled === input.enabled) return before;
    const [row] = await tx.db.orm
      .update(promotionTable)
      .set({ enabled: input.enabled, updatedAt: tx.clock() })
      .where(eq(promotionTable.id, input.id))
      .returning();
    return row ? audited(tx, row, input.enabled ? "enabled" : "disabled") : refuse.notFound("promotion", input.id);
  });
}

/** Writes down who did what to a promotion, and its new version where that changed what it says; answers it. */
async function audited(
  tx: Context,
  row: typeof promotionTable.$inferSelect,
  what: string,
  fields: readonly string[] = [],
): Promise<Promotion> {
  const subject = subjectOf("promotion", row.id);
  await tx.db.write([auditDeed(tx, subject, what), ...(fields.length > 0 ? [revise(tx, subject, fields)] : [])]);
  return fromRow(row);
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
  return inOrder(ids, found.map(fromRow));
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

async function checkDraft(ctx: Context, { rule, ...facts }: PromotionDraft) {
  const parsed = check(PromotionFacts, facts);
  const ruled = check(PromotionRule, rule);
  const issues = [...schemaIssues(parsed.error), ...schemaIssues(ruled.error, ["rule"])];
  if (!parsed.success || !ruled.success) return refuse.invalid(issues);
  const promised = await rewardIssues(ctx, ruled.data);
  if (promised.length > 0) return refuse.invalid(promised);
  const { startsAt = ctx.clock(), endsAt } = parsed.data;
  if (endsAt !== null && endsAt <= startsAt) {
    return refuse.invalid([{ path: "endsAt", message: "the end must lie after the start" }]);
  }
  return { ...parsed.data, startsAt, ...ruled.data };
}

/** What is wrong with what the tiers promise, where it is a reward that there is. */
async function rewardIssues(ctx: Context, { kind, tiers }: PromotionRule): Promise<Issue[]> {
  const found = tiers.map(async (tier, i) => {
    const gift = rewardOfTier(kind, tier);
    const issues = (await (gift && ctx.rewards.of(gift.kind))?.issues(ctx, gift?.terms)) ?? [];
    return issues.map(({ message }) => ({ path: `rule.tiers.${i}.${gift?.field}`, message }));
  });
  return (await Promise.all(found)).flat();
}

/** The rule is parsed again, so that a row that no longer fits is noticed where it is read. */
function fromRow({ kind, tiers, ...facts }: typeof promotionTable.$inferSelect): Promotion {
  return { ...facts, ...PromotionRule.parse({ kind, tiers }) };
}
