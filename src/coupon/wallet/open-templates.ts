import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import type { CouponTemplate } from "../table.ts";
import { claimsEnd, claimsEndSql, neverOpensSql } from "../template/window.ts";

/** A template that members may claim themselves, now or soon: its place in the list, and whom it is for. */
export interface OpenTemplate extends Pick<CouponTemplate, "id" | "shop" | "opensAt" | "closesAt" | "validTo"> {
  /** The filter, as JSON; null: everyone. */
  readonly eligibility: string | null;
  /** What is asked of a member for it: its filter as its shop means it, the same for all that ask the same. */
  readonly question: string | null;
}

/** How old what everybody is told may be, ms. */
const freshMs = 1_000;
/** How far ahead what opens is told of, ms. */
const soonMs = 7 * 86_400_000;
/** So many are kept in mind; of more, the log says so, and what is far down the list comes when others have closed. */
const maxOpen = 20_000;

interface OpenCache {
  last: { readonly at: number; readonly templates: Promise<readonly OpenTemplate[]> } | undefined;
}
const cacheOf = (ctx: Context) => perApp(ctx, "coupon.openTemplates", (): OpenCache => ({ last: undefined }));

/**
 * What members may claim themselves, now or within a week, whoever they are: what closes soonest first, then what opens
 * next. Read once a second for all.
 */
export function openTemplates(ctx: Context): Promise<readonly OpenTemplate[]> {
  const cache = cacheOf(ctx);
  const now = ctx.clock();
  if (cache.last && Math.abs(now - cache.last.at) < freshMs) return cache.last.templates;
  const templates = readOpen(ctx, now);
  cache.last = { at: now, templates };
  templates.catch(() => {
    cache.last = undefined;
  });
  return templates;
}

/** The place of a template in the list, to be compared with others': numbers, the first difference decides. */
export function placeOf(
  { id, opensAt, ...ends }: Pick<OpenTemplate, "id" | "opensAt" | "closesAt" | "validTo">,
  now: number,
) {
  const isUpcoming = opensAt !== null && opensAt > now;
  return [isUpcoming ? 1 : 0, isUpcoming ? opensAt : (claimsEnd(ends) ?? Number.MAX_SAFE_INTEGER), id] as const;
}

type Row = [
  id: number,
  opensAt: number | null,
  endsAt: number | null,
  recurring: number | null,
  filter: string | null,
  shop: string,
];

/**
 * One row for all of them: as rows of their own they would take ten times as long to arrive. The states are those of
 * the index `coupon_template_open`.
 */
async function readOpen(ctx: Context, now: number): Promise<readonly OpenTemplate[]> {
  const isUpcoming = sql`coalesce(opens_at, 0) > ${now}`;
  const found = await ctx.db.first<{ rows: string }>(sql`
    SELECT json_group_array(json_array(id, opens_at, ends_at, recurring_template, eligibility, shop)) AS rows FROM (
      SELECT id, opens_at, ${claimsEndSql} AS ends_at, recurring_template, eligibility, shop FROM coupon_template
      WHERE state IN ('ACTIVE', 'SOLD_OUT') AND issue_mode = 'SELF_CLAIM' AND recurrence IS NULL
        AND (closes_at IS NULL OR closes_at > ${now}) AND (valid_to IS NULL OR valid_to > ${now})
        AND (opens_at IS NULL OR opens_at <= ${now + soonMs}) AND NOT ${neverOpensSql}
      ORDER BY ${isUpcoming},
        CASE WHEN ${isUpcoming} THEN opens_at ELSE coalesce(ends_at, ${Number.MAX_SAFE_INTEGER}) END, id
      LIMIT ${maxOpen + 1})`);
  const rows: Row[] = JSON.parse(found?.rows ?? "[]");
  if (rows.length > maxOpen) ctx.log("warn", "coupon.too_many_open", { count: rows.length });
  return firstOccurrences(rows.slice(0, maxOpen), now).map(([id, opensAt, closesAt, , eligibility, shop]) => {
    const question = eligibility === null ? null : JSON.stringify([shop, eligibility]);
    return { id, shop, opensAt, closesAt, validTo: null, eligibility, question };
  });
}

/** Of what recurs one occurrence that has not opened is enough. */
function firstOccurrences(rows: readonly Row[], now: number): Row[] {
  const upcoming = new Set<number>();
  return rows.filter(([, opensAt, , recurring]) => {
    if (recurring === null || opensAt === null || opensAt <= now) return true;
    const isFirst = !upcoming.has(recurring);
    upcoming.add(recurring);
    return isFirst;
  });
}
