import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { reconcileTemplate } from "./reconcile.ts";
import { forgetSoldOut } from "./sold-out.ts";
import { forgetTemplate } from "./template.ts";

/**
 * To be called after the commit that changed a template, or its occurrences: what this process and the gates know of it is made true at
 * once. Other processes follow within a second. Does not throw: the database is right without it.
 */
export async function templateChanged(ctx: Context, id: number): Promise<void> {
  try {
    const occurrences = await ctx.db.all<{ id: number }>(sql`
      SELECT id FROM coupon_template WHERE pattern = ${id} AND closes_at > ${ctx.clock()} - 3600000`);
    for (const each of [id, ...occurrences.map((row) => row.id)]) {
      forgetTemplate(ctx, each);
      forgetSoldOut(ctx, each);
      await reconcileTemplate(ctx, each);
    }
  } catch (error) {
    ctx.log("warn", "coupon.gate_unloaded", { template: id, error });
  }
}
