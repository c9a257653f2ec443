import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { enqueue } from "../../queue/outbox.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { addToCounts } from "../counts.ts";
import { couponsExpired } from "../coupon-events.ts";
import { forgetSoldOut } from "../gate/sold-out.ts";
import { couponExpire } from "../messages.ts";
import type { Coupon } from "../table.ts";
import { nothingLeft, transitionTemplates } from "../template/state.ts";

/** Coupons that expire in one transaction, and transactions before others get their turn. */
const batchSize = 1_000;
const steps = 20;

/** Whether a coupon can no longer be used, though nobody has used it. */
export function isPast({ state, validTo }: Pick<Coupon, "state" | "validTo">, now: number): boolean {
  return state === "AVAILABLE" && validTo !== null && validTo <= now;
}

/** The words that the index `coupon_available` wants to hear. */
export const inAvailableIndex: SQL = sql.raw("state = 'AVAILABLE' AND held_budget >= 0");

/** Expires what a member has let pass. */
export async function expireCouponsOf(ctx: Context, member: number): Promise<void> {
  const now = ctx.clock();
  const ids = sql`
    SELECT id FROM coupon WHERE member = ${member} AND state = 'AVAILABLE' AND valid_to <= ${now}
    ORDER BY id LIMIT ${batchSize}`;
  await expire(ctx, ids);
}

/**
 * Expires unused coupons whose time is over: what was reserved for them is free again. A bounded number at a time; a
 * message for the rest is left when there is more. Answers how many it changed.
 */
export async function expireDue(ctx: Context): Promise<number> {
  const now = ctx.clock();
  let changed = 0;
  for (let step = 0; step < steps; step++) {
    const [template] = await templatesDue(ctx, now);
    if (!template) return changed;
    const ids = sql`
      SELECT id FROM coupon WHERE template = ${template.id} AND ${inAvailableIndex} AND valid_to <= ${now}
      ORDER BY valid_to, id LIMIT ${batchSize}`;
    changed += await expire(ctx, ids);
  }
  if ((await templatesDue(ctx, now)).length > 0) await ctx.db.write([enqueue(ctx, [couponExpire.of({})])]);
  return changed;
}

/** The templates that have unused coupons, one look-up in the index each, however many coupons there are. */
export const templatesWithUnused: SQL = sql`
  unused (id) AS (
    SELECT min(template) FROM coupon WHERE ${inAvailableIndex}
    UNION ALL
    SELECT (SELECT min(template) FROM coupon WHERE ${inAvailableIndex} AND template > t.id)
    FROM unused t WHERE t.id IS NOT NULL)`;

function templatesDue(ctx: Context, now: number): Promise<{ id: number }[]> {
  return ctx.db.all<{ id: number }>(sql`
    WITH RECURSIVE ${templatesWithUnused}
    SELECT t.id FROM unused t WHERE t.id IS NOT NULL
      AND EXISTS (SELECT 1 FROM coupon WHERE template = t.id AND ${inAvailableIndex} AND valid_to <= ${now}) LIMIT 1`);
}

/**
 * Moves the coupons of a query of ids, which must select AVAILABLE ones only and the same ones each time that it is
 * asked in a transaction. Whoever comes second selects nothing: so budget and tally move once, whether a member or the
 * schedule was first. What they had reserved may bring a sold-out template back.
 */
async function expire(ctx: Context, ids: SQL): Promise<number> {
  const each = sql`
    SELECT template, count(*) AS n, sum(held_budget) AS held_budget FROM coupon WHERE id IN (${ids}) GROUP BY template`;
  const results = await ctx.db.write([
    couponsExpired({ from: sql`coupon c`, where: sql`c.id IN (${ids})` }, ctx.clock()),
    sql`
      UPDATE coupon_template SET reserved = reserved - g.held_budget FROM (${each}) g
      WHERE coupon_template.id = g.template AND g.held_budget > 0`,
    ...transitionTemplates(
      ctx,
      "revive",
      sql`id IN (SELECT template FROM (${each}) WHERE held_budget > 0) AND NOT ${nothingLeft}`,
    ),
    addToCounts("EXPIRED", each),
    sql`
      UPDATE coupon SET state = 'EXPIRED', held_budget = 0 WHERE id IN (${ids})
      RETURNING id AS coupon, member, template`,
  ]);
  const expired = results.at(-1);
  const rows = expired?.rows ?? [];
  for (const template of new Set(rows.map((row) => Number(row.template)))) forgetSoldOut(ctx, template);
  await couponsChanged(ctx, changedCoupons(expired, "AVAILABLE", "EXPIRED"));
  return rows.length;
}
