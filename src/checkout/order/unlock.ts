import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponsMoved } from "../../coupon/cache/sync-cache.ts";
import { rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { movedRows } from "./coupons-moved.ts";

/** How long an order that came to nothing is kept, in milliseconds. */
const keepMs = 30 * 86_400_000;

/** Transactions in one go, before others get their turn: what comes to nothing on a busy day must not pile up. */
const steps = 20;

/**
 * Frees the coupons of orders whose locks are over, and forgets orders that came to nothing long ago: at most `stride` of each in one
 * transaction, and a bounded number of those. Answers how many orders it freed.
 */
export async function expireLocks(ctx: Context, stride: number): Promise<number> {
  let freed = 0;
  for (let step = 0; step < steps; step++) {
    const forgotten = await forget(ctx, stride);
    const over = await ctx.db.all<{ id: number }>(sql`
      SELECT id FROM settlement WHERE state = 'LOCKED' AND locked_until <= ${ctx.clock()} ORDER BY locked_until LIMIT ${stride}`);
    const ids = over.map(({ id }) => id);
    freed += await expire(ctx, ids);
    if (Math.max(forgotten, ids.length) < stride) break;
  }
  return freed;
}

async function forget(ctx: Context, stride: number): Promise<number> {
  const [result] = await ctx.db.write([
    sql`
      DELETE FROM settlement WHERE id IN (
        SELECT id FROM settlement WHERE state IN ('RELEASED', 'EXPIRED') AND ended_at < ${ctx.clock() - keepMs} LIMIT ${stride})`,
  ]);
  return result?.rowsAffected ?? 0;
}

/** The same for the orders whose locks hold some of these coupons, and for the order of this name. */
export async function expireLocksOf(ctx: Context, coupons: readonly number[], orderId: string): Promise<void> {
  const over = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM settlement WHERE state = 'LOCKED' AND locked_until <= ${ctx.clock()} AND (order_id = ${orderId}
      OR order_id IN (SELECT order_id FROM coupon WHERE id IN (SELECT value FROM ${rows(coupons)}) AND state = 'LOCKED'))`);
  await expire(
    ctx,
    over.map(({ id }) => id),
  );
}

async function expire(ctx: Context, ids: readonly number[]): Promise<number> {
  if (ids.length === 0) return 0;
  const now = ctx.clock();
  const over = sql`s.id IN (SELECT value FROM ${rows(ids)}) AND s.state = 'LOCKED' AND s.locked_until <= ${now}`;
  return unlock(ctx, over, sql`state = 'EXPIRED', ended_at = locked_until`);
}

/**
 * Frees the coupons of the locked orders `s` that `where` selects, then changes those; answers how many. Coupons that the shop takes back
 * meanwhile do not become free but WITHDRAWN. A second run finds the orders changed and does nothing.
 */
export async function unlock(ctx: Context, where: SQL, set: SQL): Promise<number> {
  const results = await ctx.db.write(unlockStatements(where, set));
  await couponsMoved(ctx, movedRows(results.at(-2), "LOCKED", "AVAILABLE"));
  return results.at(-1)?.rowsAffected ?? 0;
}

function unlockStatements(where: SQL, set: SQL): Query[] {
  const held = sql`settlement s CROSS JOIN coupon c ON c.order_id = s.order_id AND c.state = 'LOCKED' WHERE ${where}`;
  const perTemplate = sql`SELECT c.template, count(*) AS n, sum(c.reserve) AS reserve FROM ${held}`;
  const withdrawn = sql`${perTemplate} AND ${isTakenBack} GROUP BY c.template`;
  return [
    sql`
      UPDATE coupon_tally SET n = coupon_tally.n - g.n FROM (${perTemplate} GROUP BY c.template) g
      WHERE coupon_tally.template = g.template AND coupon_tally.state = 'LOCKED'`,
    sql`
      INSERT INTO coupon_tally (template, state, n) SELECT template, 'WITHDRAWN', n FROM (${withdrawn}) WHERE true
      ON CONFLICT (template, state) DO UPDATE SET n = n + excluded.n`,
    sql`UPDATE coupon_template SET reserved = reserved - g.reserve FROM (${withdrawn}) g WHERE coupon_template.id = g.template`,
    sql`
      UPDATE coupon AS c SET order_id = NULL, locked_until = NULL, reserve = CASE WHEN ${isTakenBack} THEN 0 ELSE reserve END,
        state = CASE WHEN ${isTakenBack} THEN 'WITHDRAWN' ELSE 'AVAILABLE' END
      WHERE c.id IN (SELECT c.id FROM ${held}) RETURNING id AS coupon, member, state`,
    sql`UPDATE settlement AS s SET revision = hex(randomblob(16)), ${set} WHERE ${where}`,
  ];
}

/** The shop takes the coupons of `c`'s template back. */
export const isTakenBack: SQL = sql`EXISTS (
  SELECT 1 FROM coupon_template p CROSS JOIN coupon_take_back b ON b.template IN (p.id, p.pattern) WHERE p.id = c.template)`;
