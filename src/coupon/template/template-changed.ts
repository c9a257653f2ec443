import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { reconcileTemplate } from "../gate/reconcile.ts";
import { forgetSoldOut } from "../gate/sold-out.ts";
import { forgetTemplate } from "./template-to-claim.ts";

/** Occurrences that closed longer ago have no crowd any more, ms. */
const lastHourMs = 3_600_000;

/**
 * To be called after the commit that changed a template, or its occurrences: what this process and the gates know of it
 * is made true at once. Other processes follow within a second. Does not throw: the database is right without it.
 */
export async function templateChanged(ctx: Context, id: number): Promise<void> {
  try {
    const related = await ctx.db.all<{ id: number }>(sql`
      SELECT id FROM coupon_template WHERE recurring_template = ${id} AND closes_at > ${ctx.clock() - lastHourMs}
      UNION ALL SELECT recurring_template FROM coupon_template WHERE id = ${id} AND recurring_template IS NOT NULL`);
    for (const each of [id, ...related.map((row) => row.id)]) {
      forgetTemplate(ctx, each);
      forgetSoldOut(ctx, each);
      await reconcileTemplate(ctx, each);
    }
  } catch (error) {
    ctx.log("warn", "coupon.gate_unloaded", { template: id, error });
  }
}
