import { getTableColumns, sql } from "drizzle-orm";
import type { Context, MemberContext } from "../../src/context.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { type CouponTemplate, templateTable } from "../../src/coupon/table.ts";
import type { TemplateDraft } from "../../src/coupon/template/draft.ts";
import { createTemplate } from "../../src/coupon/template/edit.ts";
import { activateTemplate } from "../../src/coupon/template/lifecycle.ts";
import { isRefusal, issuesOf } from "../../src/errors.ts";
import { accepted } from "./shop.ts";

/** A template in offer: 10 off, one each, unlimited, unless said otherwise. */
export async function addTemplate(
  { db }: Pick<Context, "db">,
  facts: Partial<typeof templateTable.$inferInsert> = {},
): Promise<CouponTemplate> {
  const usual = {
    name: "Ten off",
    kind: "INSTANT",
    params: { off: 1_000 },
    currency: "EUR",
    conditions: {},
    stacking: { exclusive: true },
    issueMode: "SELF_CLAIM" as const,
    state: "ACTIVE" as const,
    createdBy: "test",
    createdAt: 0,
    updatedAt: 0,
  };
  const [row] = await db.orm
    .insert(templateTable)
    .values({ ...usual, ...facts })
    .returning();
  if (!row) throw new Error("no template");
  return row;
}

export const usualTemplate: TemplateDraft = {
  name: "Ten off",
  kind: "INSTANT",
  params: { off: 1_000 },
  currency: "EUR",
};

/** What an operator and members do with templates in a shop: 10 off, unlimited, unless said otherwise. */
export function templateDesk(ctx: () => Context) {
  const made = async (more: Partial<TemplateDraft> = {}) =>
    accepted(await createTemplate(ctx(), { draft: { ...usualTemplate, ...more } }));
  return {
    made,
    live: async (more: Partial<TemplateDraft> = {}) =>
      accepted(await activateTemplate(ctx(), { id: (await made(more)).id })),
    /** Claims for a member; the same again with the same key. */
    claim: (seq: number, template: number) => {
      const member: MemberContext = { ...ctx(), actor: { kind: "member", seq, id: `m${seq}` } };
      return claimCoupon(member, { template, idempotencyKey: `${template}` });
    },
  };
}

/** The paths of an answer's faults; the answer itself where it has none. */
export function pathsOf<Answer extends object>(answer: Answer) {
  return isRefusal(answer) && answer.code === "INVALID_INPUT" ? issuesOf(answer).map(({ path }) => path) : answer;
}

/** So many templates that differ by nothing but their ids. */
export async function addAlike(ctx: Context, n: number, facts: Parameters<typeof addTemplate>[1]): Promise<void> {
  const { id } = await addTemplate(ctx, facts);
  const columns = Object.values(getTableColumns(templateTable)).map(({ name }) => name);
  const copied = sql.raw(columns.filter((name) => name !== "id").join(", "));
  await ctx.db.write([
    sql`WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})
      INSERT INTO coupon_template (${copied}) SELECT ${copied} FROM n CROSS JOIN coupon_template WHERE id = ${id}`,
  ]);
}
