import { and, eq, gt, inArray, isNull, lte, or, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { type CouponTemplate, templateTable } from "../table.ts";
import { templatesById } from "../template/template.ts";

/** How old what everybody is told may be, ms. */
const freshMs = 1_000;
/** How far ahead what opens is told of, ms. */
const soonMs = 7 * 86_400_000;
const maxClaimable = 200;
const maxKept = 5_000;

/** What this process read last, and when (ms, by the context's clock). */
interface TemplateCache {
  open: { readonly at: number; readonly templates: Promise<readonly CouponTemplate[]> } | undefined;
  readonly byId: Map<number, { readonly at: number; readonly template: CouponTemplate | undefined }>;
  readonly size: number;
}

const cacheOf = (ctx: Context) => perApp(ctx, "coupon.templatesToShow", emptyCache);

function emptyCache(): TemplateCache {
  const byId: TemplateCache["byId"] = new Map();
  return {
    open: undefined,
    byId,
    get size() {
      return byId.size;
    },
  };
}

function isFresh(at: number | undefined, now: number): boolean {
  return at !== undefined && Math.abs(now - at) < freshMs;
}

/** The templates of these ids in the order asked, at most a second old; those that are not known are read together. */
export async function templatesToShow(ctx: Context, ids: readonly number[]): Promise<(CouponTemplate | undefined)[]> {
  const { byId } = cacheOf(ctx);
  const now = ctx.clock();
  const unknown = ids.filter((id) => !isFresh(byId.get(id)?.at, now));
  if (unknown.length > 0) {
    const read = await templatesById(ctx, [...new Set(unknown)]);
    if (byId.size > maxKept) byId.clear();
    const found = new Map(read.map((template) => [template?.id, template]));
    for (const id of unknown) byId.set(id, { at: now, template: found.get(id) });
  }
  return ids.map((id) => byId.get(id)?.template);
}

/** What members may claim themselves, now or soon, whoever they are: read once a second for all. */
export function openTemplates(ctx: Context): Promise<readonly CouponTemplate[]> {
  const known = cacheOf(ctx);
  const now = ctx.clock();
  if (known.open && isFresh(known.open.at, now)) return known.open.templates;
  const templates = readOpen(ctx, now);
  known.open = { at: now, templates };
  templates.catch(() => {
    known.open = undefined;
  });
  return templates;
}

async function readOpen(ctx: Context, now: number): Promise<readonly CouponTemplate[]> {
  const { state, issueMode, recurrence, opensAt, closesAt, validTo, id } = templateTable;
  const isUpcoming = sql`coalesce(${opensAt}, 0) > ${now}`;
  const found = await ctx.db.orm
    .select()
    .from(templateTable)
    .where(
      and(
        inArray(state, ["ACTIVE", "SOLD_OUT"]),
        eq(issueMode, "SELF_CLAIM"),
        isNull(recurrence),
        or(isNull(closesAt), gt(closesAt, now)),
        or(isNull(validTo), gt(validTo, now)),
        or(isNull(opensAt), lte(opensAt, now + soonMs)),
      ),
    )
    .orderBy(
      isUpcoming,
      sql`CASE WHEN ${isUpcoming} THEN ${opensAt} ELSE coalesce(${closesAt}, ${Number.MAX_SAFE_INTEGER}) END`,
      id,
    )
    .limit(maxClaimable);
  return found.filter((template, i) => !isLaterOccurrence(template, found.slice(0, i), now));
}

/** Of what recurs one occurrence that has not opened is enough. */
function isLaterOccurrence(template: CouponTemplate, before: readonly CouponTemplate[], now: number): boolean {
  const isUpcoming = ({ opensAt }: CouponTemplate) => opensAt !== null && opensAt > now;
  return (
    template.recurringTemplate !== null &&
    isUpcoming(template) &&
    before.some((other) => other.recurringTemplate === template.recurringTemplate && isUpcoming(other))
  );
}
