import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { makeOccurrences } from "./occurrence.ts";
import { mayTake, nothingLeft, type TransitionName, transitionTemplates } from "./state.ts";
import { templatesById } from "./template.ts";
import { templateChanged } from "./template-changed.ts";

/** Templates moved in one sweep at most; the rest follows in the next. */
const batchSize = 500;

/**
 * Brings templates to where the time and their coupons have brought them: those whose window or validity is over end,
 * those that were sold out and have room again (what was given back or not used is free for others) are open, and what
 * recurs has its next occurrences.
 */
export async function sweepTemplates(ctx: Context): Promise<void> {
  const now = ctx.clock();
  // The first condition of each statement is that of the index `coupon_template_open`: templates of the past are not
  // looked at.
  await transitionAll(ctx, "end", sql`(closes_at <= ${now} OR valid_to <= ${now})`);
  await transitionAll(ctx, "revive", sql`NOT ${nothingLeft}`);
  const recurring = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE state IN ('ACTIVE', 'SOLD_OUT') AND state = 'ACTIVE' AND recurrence IS NOT NULL`);
  const templates = await templatesById(
    ctx,
    recurring.map(({ id }) => id),
  );
  for (const template of templates) {
    // One template that cannot be read must not keep the others from their occurrences.
    if (template) await makeOccurrences(ctx, template).catch((error) => fault(ctx, template.id, error));
  }
}

async function transitionAll(ctx: Context, transition: TransitionName, where: SQL): Promise<void> {
  const found = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE state IN ('ACTIVE', 'SOLD_OUT') AND ${mayTake(transition)} AND ${where} LIMIT ${batchSize}`);
  if (found.length === 0) return;
  const ids = found.map(({ id }) => id);
  await ctx.db.write(
    transitionTemplates(ctx, transition, sql`id IN (SELECT value FROM json_each(${JSON.stringify(ids)})) AND ${where}`),
  );
  for (const id of ids) await templateChanged(ctx, id);
}

function fault(ctx: Context, template: number, error: unknown): void {
  ctx.log("error", "sweep.failed", { template, error });
}
