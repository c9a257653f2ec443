import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import type { Message } from "../../queue/message.ts";
import { enqueue } from "../../queue/outbox.ts";
import { changedCoupons, couponsChanged } from "../cache/sync-cache.ts";
import { addToCounts } from "../counts.ts";
import { couponsWithdrawn } from "../coupon-events.ts";
import { couponTakeBack } from "../messages.ts";
import { isVoidIn } from "../void.ts";

/** Ids looked at in one step: bounds how long it holds the database, whatever the number of coupons. */
const batchSize = 20_000;

/**
 * The statements that begin to take back the unused coupons of a template, and of its occurrences, up to the newest
 * there is.
 */
export function beginTakeBack(ctx: Context, template: number): Query[] {
  return [
    sql`
      INSERT INTO coupon_take_back (template, next, upto, started_at)
      SELECT ${template}, 0, coalesce(max(id), 0), ${ctx.clock()} FROM coupon WHERE true ON CONFLICT DO NOTHING`,
    enqueue(ctx, [couponTakeBack.of({ template, from: 0 })]),
  ];
}

/** The shop takes the coupons of `c`'s template back, or this very one. */
export const isTakenBack: SQL = sql`(${isVoidIn(sql`c.token`)} OR EXISTS (
  SELECT 1 FROM coupon_template p CROSS JOIN coupon_take_back b ON b.template IN (p.id, p.recurring_template)
  WHERE p.id = c.template))`;

/** How far taking back is. */
export interface TakeBack {
  /** Coupons taken so far. */
  readonly taken: number;
  readonly startedAt: number;
  /** Null while it goes on. */
  readonly endedAt: number | null;
}

/** How far taking back a template's coupons is; null when nobody asked for it. */
export async function takeBackOf(ctx: Context, template: number): Promise<TakeBack | null> {
  const row = await ctx.db.first<TakeBack>(sql`
    SELECT taken, started_at AS startedAt, ended_at AS endedAt FROM coupon_take_back WHERE template = ${template}`);
  return row ?? null;
}

/** The messages that taking back needs to go on, of what began before a time (ms). */
export async function openTakeBacks(ctx: Context, before: number): Promise<Message[]> {
  const open = await ctx.db.all<{ template: number; next: number }>(sql`
    SELECT template, next FROM coupon_take_back WHERE ended_at IS NULL AND started_at < ${before} LIMIT 100`);
  return open.map(({ template, next }) => couponTakeBack.of({ template, from: next }));
}

/**
 * Takes back one stretch: unused coupons become WITHDRAWN, what was reserved for them is free again, and the message
 * for the next stretch is left, all in one transaction that only the first of two deliveries performs.
 */
export async function takeBackStretch(
  ctx: Context,
  { template, from }: { template: number; from: number },
): Promise<void> {
  const now = ctx.clock();
  const to = from + batchSize;
  const turn = sql`EXISTS (
    SELECT 1 FROM coupon_take_back WHERE template = ${template} AND next = ${from} AND ended_at IS NULL)`;
  const upto = sql`(SELECT upto FROM coupon_take_back WHERE template = ${template})`;
  const taken = sql`c.id > ${from} AND c.id <= min(${to}, ${upto}) AND c.state = 'AVAILABLE' AND c.template IN (
      SELECT id FROM coupon_template WHERE id = ${template} OR recurring_template = ${template}) AND ${turn}`;
  const results = await ctx.db.write([
    couponsWithdrawn({ from: sql`coupon c`, where: taken }, now),
    ...countTaken(template, taken),
    sql`UPDATE coupon AS c SET state = 'WITHDRAWN', held_budget = 0 WHERE ${taken} RETURNING id AS coupon, member`,
    enqueue(ctx, [couponTakeBack.of({ template, from: to })], sql`${turn} AND ${to} < ${upto}`),
    sql`
      UPDATE coupon_take_back SET next = ${to}, ended_at = CASE WHEN ${to} >= upto THEN ${now} END
      WHERE template = ${template} AND next = ${from} AND ended_at IS NULL`,
  ]);
  await couponsChanged(ctx, changedCoupons(results.at(-3), "AVAILABLE", "WITHDRAWN"));
}

/** Before the coupons move: what they were reserved and how many they are. */
function countTaken(template: number, taken: SQL): Query[] {
  const each = sql`
    SELECT c.template, count(*) AS n, sum(c.held_budget) AS held_budget FROM coupon c
    WHERE ${taken} GROUP BY c.template`;
  return [
    sql`
      UPDATE coupon_template SET reserved = reserved - g.held_budget FROM (${each}) g
      WHERE coupon_template.id = g.template`,
    sql`
      UPDATE coupon_take_back SET taken = taken + (SELECT count(*) FROM coupon c WHERE ${taken})
      WHERE template = ${template}`,
    addToCounts("WITHDRAWN", each),
  ];
}
