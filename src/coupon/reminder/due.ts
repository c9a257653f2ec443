import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { neverOpensSql } from "../template/window.ts";
import { inAvailableIndex, templatesWithUnused } from "../wallet/expiry.ts";

/** Coupons that expire within one of these are told of together, ms. */
export const slotMs = 3_600_000;
/** Decided on in one go at most; the rest follows a minute later. */
const batchSize = 200;

/**
 * Numbers of the templates that open after one time and until another (ms), of which somebody wants to be reminded and
 * nobody was.
 */
export async function dropsBetween(ctx: Context, after: number, until: number): Promise<number[]> {
  // The first condition is that of the index `coupon_template_open`.
  const found = await ctx.db.all<{ id: number }>(sql`
    SELECT t.id FROM coupon_template t
    WHERE t.state IN ('ACTIVE', 'SOLD_OUT') AND t.state = 'ACTIVE' AND t.recurrence IS NULL
      AND t.opens_at > ${after} AND t.opens_at <= ${until} AND NOT ${neverOpensSql}
      AND EXISTS (SELECT 1 FROM coupon_reminder r WHERE r.template = t.id)
      AND NOT EXISTS (SELECT 1 FROM coupon_notice n WHERE n.kind = 'DROP' AND n.template = t.id AND n.slot = 0)
    ORDER BY t.opens_at LIMIT ${batchSize}`);
  return found.map(({ id }) => id);
}

/** The unused coupons of a template that expire later than `slot`, and an hour later at the latest. */
export interface ExpirySlot {
  readonly template: number;
  readonly slot: number;
}

/**
 * The slots in which coupons expire until a time (ms), and of which nobody was reminded; the next first. It takes a
 * look-up in the index for each of them, however many coupons there are.
 */
export function expirySlots(ctx: Context, until: number): Promise<ExpirySlot[]> {
  const now = ctx.clock();
  const slotOf = (after: ReturnType<typeof sql>) => sql`
    (SELECT (min(valid_to) - 1) / ${slotMs} * ${slotMs} FROM coupon
      WHERE template = t.id AND ${inAvailableIndex} AND valid_to > ${after})`;
  return ctx.db.all<ExpirySlot>(sql`
    WITH RECURSIVE ${templatesWithUnused}, t (id, slot) AS (
      SELECT id, ${slotOf(sql`${now}`)} FROM unused t WHERE id IS NOT NULL
      UNION ALL
      SELECT id, ${slotOf(sql`t.slot + ${slotMs}`)} FROM t WHERE t.slot + ${slotMs} < ${until})
    SELECT id AS template, slot FROM t WHERE slot + ${slotMs} <= ${until}
      AND NOT EXISTS (SELECT 1 FROM coupon_notice n WHERE n.kind = 'EXPIRY' AND n.template = t.id AND n.slot = t.slot)
    ORDER BY slot, id LIMIT ${batchSize}`);
}

/** Whether anybody has had a coupon of the slot since `heldSince` (ms) or longer. */
export async function isHeld(ctx: Context, { template, slot }: ExpirySlot, heldSince: number): Promise<boolean> {
  const found = await ctx.db.first(sql`
    SELECT 1 FROM coupon
    WHERE template = ${template} AND ${inAvailableIndex} AND valid_to > ${slot} AND valid_to <= ${slot + slotMs}
      AND at <= ${heldSince} LIMIT 1`);
  return found !== undefined;
}

/** How long what was decided is remembered, and wishes of drops that have opened, ms. */
const keepMs = 90 * 86_400_000;
const keepWishesMs = 7 * 86_400_000;
/** Rows forgotten at once. */
const forgetBatchSize = 10_000;

/** Forgets what is long past, a stretch at a time. */
export async function forgetNotices(ctx: Context): Promise<void> {
  const now = ctx.clock();
  const past = await ctx.db.first<{ id: number }>(sql`
    WITH RECURSIVE wished (id) AS (
      SELECT min(template) FROM coupon_reminder
      UNION ALL SELECT (SELECT min(template) FROM coupon_reminder WHERE template > wished.id)
      FROM wished WHERE wished.id IS NOT NULL)
    SELECT t.id FROM wished CROSS JOIN coupon_template t ON t.id = wished.id
    WHERE t.opens_at < ${now - keepWishesMs} LIMIT 1`);
  const template = past?.id ?? 0;
  await ctx.db.write([
    sql`DELETE FROM coupon_notice WHERE at < ${now - keepMs}`,
    sql`
      DELETE FROM coupon_reminder WHERE template = ${template} AND member <= coalesce(
        (SELECT member FROM coupon_reminder WHERE template = ${template}
          ORDER BY member LIMIT 1 OFFSET ${forgetBatchSize}), ${Number.MAX_SAFE_INTEGER})`,
  ]);
}
