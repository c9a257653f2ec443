import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { cronTimes } from "../../cron/next-cron.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Issue } from "../../errors.ts";
import { quote } from "../../input.ts";
import { CronLine, cronFault } from "../../schedule/recurrence/cron-line.ts";
import { readTimeZone } from "../../value/time-zone.ts";
import { canonicalOr, isUnfit } from "../../value/value.ts";
import type { CouponTemplate } from "../table.ts";
import { claimsEnd } from "./window.ts";

const minuteMs = 60_000;

/** When a template opens again and again, and for how long. */
export const Recurrence = z.strictObject({
  cron: CronLine,
  /** IANA; the hours of `cron` are this zone's, whatever its clock does. */
  zone: z
    .string()
    .transform((zone) => canonicalOr(readTimeZone, zone))
    .pipe(z.string().min(1).max(60)),
  /** For how long each occurrence is open. */
  minutes: z
    .int()
    .min(1)
    .max(31 * 24 * 60),
});
export type Recurrence = z.infer<typeof Recurrence>;

/** One time that a recurring template is open, ms. */
export interface Occurrence {
  readonly opensAt: number;
  readonly closesAt: number;
}

/** The window in which occurrences may open: those of its template, ms. */
interface Bounds {
  readonly opensAt: number | null;
  readonly closesAt: number | null;
}

/** Those of a template: no occurrence opens when its coupons would have expired. */
export function boundsOf(template: Pick<CouponTemplate, "opensAt" | "closesAt" | "validTo">): Bounds {
  return { opensAt: template.opensAt, closesAt: claimsEnd(template) };
}

/** The next `n` occurrences that open after a time (ms) and inside the template's own window. */
export function occurrencesAfter({ cron, zone, minutes }: Recurrence, bounds: Bounds, after: number, n: number) {
  const found: Occurrence[] = [];
  const opens = cronTimes(cron, zone, Math.max(after, (bounds.opensAt ?? after + 1) - 1));
  for (const opensAt of opens.take(n)) {
    if (bounds.closesAt !== null && opensAt >= bounds.closesAt) break;
    found.push({ opensAt, closesAt: opensAt + minutes * minuteMs });
  }
  return found;
}

/** How many occurrences in a row are looked at for one that would open before the last has closed. */
const lookedAhead = 400;

/** What is wrong with a recurrence: a faulty cron or zone, a time that never comes, occurrences that overlap. */
export function recurrenceFault(recurrence: Recurrence, bounds: Bounds, now: number): Issue | undefined {
  const zone = readTimeZone(recurrence.zone);
  if (isUnfit(zone)) return { path: "recurrence.zone", message: `${quote(recurrence.zone)} ${zone.unfit}` };
  const faulty = cronFault(recurrence.cron);
  if (faulty !== undefined) return { path: "recurrence.cron", message: faulty };
  const coming = occurrencesAfter(recurrence, bounds, now, lookedAhead);
  if (coming.length === 0) return { path: "recurrence.cron", message: "it never opens inside the template's window" };
  const early = coming.find(({ opensAt }, i) => opensAt < (coming[i - 1]?.closesAt ?? opensAt));
  return early && { path: "recurrence.minutes", message: `it would open again (${inWords(early)}) before it closes` };
}

function inWords({ opensAt }: Occurrence): string {
  return new Date(opensAt).toISOString();
}

/** How many occurrences that are not open yet there are always, so that claimants are told when the next one opens. */
const madeAhead = 2;

/** The occurrences that there should be now: one that is open, and the next two. */
export function occurrencesDue(recurrence: Recurrence, bounds: Bounds, now: number): Occurrence[] {
  const around = occurrencesAfter(recurrence, bounds, now - recurrence.minutes * minuteMs, madeAhead + 1);
  const isOpen = around[0] !== undefined && around[0].opensAt <= now;
  return isOpen ? around : around.slice(0, madeAhead);
}

/**
 * The recurrence of a template as it is kept, or null. It is parsed again, so that a row that no longer fits is noticed
 * where it is read.
 */
export function recurrenceOf({ recurrence }: Pick<CouponTemplate, "recurrence">): Recurrence | null {
  return recurrence === null ? null : Recurrence.parse(recurrence);
}

/**
 * Makes the occurrences of a recurring template that there should be by now, each a template of its own with the stock
 * and budget. Those that exist stay as they are. Does nothing for a recurring template that is not active.
 */
export async function makeOccurrences(ctx: Context, recurring: CouponTemplate): Promise<void> {
  const recurrence = recurrenceOf(recurring);
  if (!recurrence) return;
  const now = ctx.clock();
  const due = occurrencesDue(recurrence, boundsOf(recurring), now);
  if (due.length === 0) return;
  await ctx.db.write([
    sql`
      INSERT INTO coupon_template (name, shop, kind, params, currency, conditions, stacking, issue_mode, code_mode,
        code_prefix, eligibility, per_member, stock, budget, max_discount, opens_at, closes_at, valid_from, valid_to,
        valid_days, valid_hours, active_url, approval, state, recurring_template, occurs_at, created_by, created_at,
        updated_at)
      SELECT name, shop, kind, params, currency, conditions, stacking, issue_mode, code_mode,
        code_prefix, eligibility, per_member, stock, budget, max_discount, ${field("opensAt")}, ${field("closesAt")},
        valid_from, valid_to, valid_days, valid_hours, active_url, approval, 'ACTIVE', p.id, ${field("opensAt")},
        created_by, ${now}, ${now}
      FROM ${rows(due)} CROSS JOIN coupon_template p WHERE p.id = ${recurring.id} AND p.state = 'ACTIVE'
      ON CONFLICT DO NOTHING`,
  ]);
}
