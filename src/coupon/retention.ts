import { sql } from "drizzle-orm";
import type { Context, Retention } from "../context.ts";
import { forgetOnWalk, type Place } from "../db/walk.ts";
import { perApp } from "../memory.ts";
import { forgetReasons } from "../transition/audit.ts";
import { couponSettings } from "./settings.ts";

/** Coupons looked at in one go, and rows of other tables forgotten. */
const rowLimit = 10_000;
/** How long the faults of files of codes, and wishes to be reminded of what is over, are kept, in milliseconds. */
const keepMs = 90 * 24 * 3_600_000;

/** What coupons keep for a time only. Templates are kept for ever, and with them every sum. */
export const couponKeeps: readonly Retention[] = [
  {
    name: "coupons",
    kept: "400 days after they ended, once their template is over (COUPON_DAYS)",
    forget: forgetCoupons,
  },
  {
    name: "takenBackKeys",
    kept: "as long as coupons (COUPON_DAYS)",
    forget: (ctx) =>
      changed(
        ctx,
        sql`
        DELETE FROM coupon_void WHERE token IN (
          SELECT token FROM coupon_void WHERE at < ${ctx.clock() - couponSettings.of(ctx).keepMs} LIMIT ${rowLimit})`,
      ),
  },
  {
    name: "codeFaults",
    kept: "90 days",
    forget: (ctx) =>
      changed(
        ctx,
        sql`
        DELETE FROM code_pool_fault WHERE id IN (
          SELECT f.id FROM code_pool p CROSS JOIN code_pool_fault f ON f.pool = p.id
          WHERE p.state <> 'FILLING' AND p.updated_at < ${ctx.clock() - keepMs} LIMIT ${rowLimit})`,
      ),
  },
  {
    name: "reminders",
    kept: "90 days after their template opened",
    forget: (ctx) =>
      changed(
        ctx,
        sql`
        DELETE FROM coupon_reminder WHERE (template, member) IN (
          SELECT r.template, r.member FROM coupon_template t CROSS JOIN coupon_reminder r ON r.template = t.id
          WHERE t.opens_at < ${ctx.clock() - keepMs} AND t.recurrence IS NULL LIMIT ${rowLimit})`,
      ),
  },
];

/**
 * Only of templates that give no more: the rows that a member holds are what the limit counts. A coupon of an order is
 * kept for as long as the order may be refunded, which is no longer.
 */
function forgetCoupons(ctx: Context): Promise<number> {
  const before = ctx.clock() - couponSettings.of(ctx).keepMs;
  const place = perApp(ctx, "coupon.walk", (): Place => ({ after: 0 }));
  const walk = { table: sql`coupon`, key: sql`id`, rows: rowLimit };
  const isOver = sql`template IN (
    SELECT id FROM coupon_template WHERE state IN ('ENDED', 'WITHDRAWN') AND updated_at < ${before})`;
  return forgetOnWalk(
    ctx.db,
    place,
    walk,
    (stretch) => sql`
      ${stretch} AND at < ${before} AND state IN ('USED', 'EXPIRED', 'WITHDRAWN')
        AND coalesce(used_at, valid_to, at) < ${before} AND ${isOver}`,
    // Nobody could tell any more whom they are about.
    (chosen) => [forgetReasons(sql`SELECT 'coupon/' || id FROM coupon WHERE ${chosen}`)],
  );
}

async function changed(ctx: Context, statement: ReturnType<typeof sql>): Promise<number> {
  return (await ctx.db.write([statement]))[0]?.rowsAffected ?? 0;
}
