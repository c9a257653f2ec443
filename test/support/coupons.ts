import type { Context } from "../../src/context.ts";
import { type CouponTemplate, templateTable } from "../../src/coupon/table.ts";

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
