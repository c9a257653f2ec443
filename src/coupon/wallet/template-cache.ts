import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { inAllShops } from "../../shop.ts";
import type { CouponTemplate } from "../table.ts";
import { templatesById } from "../template/template.ts";

/** How old what everybody is told may be, ms. */
const freshMs = 1_000;
const maxKept = 5_000;

type Found = CouponTemplate | undefined;

/** What this process read last of a template, or is reading, and when it asked (ms, by the context's clock). */
interface Kept {
  readonly at: number;
  template: Found | Promise<Found>;
}

const keptOf = (ctx: Context) => perApp(ctx, "coupon.templatesToShow", () => new Map<number, Kept>());

/**
 * The templates of these ids in the order asked, at most a second old; those that are not known are read together, and
 * once, however many ask, for all of them: of whoever asks, this knows no bounds. At once where all are known.
 */
export function templatesToShow(ctx: Context, ids: readonly number[]): Found[] | Promise<Found[]> {
  const kept = keptOf(ctx);
  if (kept.size > maxKept) kept.clear(); // before anyone looks: what is asked for must not go between
  const now = ctx.clock();
  const unknown = ids.filter((id) => !isFresh(kept.get(id), now));
  if (unknown.length > 0) read(ctx, kept, new Set(unknown), now);
  const templates = ids.map((id) => kept.get(id)?.template);
  return areThere(templates) ? templates : Promise.all(templates);
}

/** One of them, the same way; those that are asked for one by one in a turn are read together, too. */
export function templateToShow(ctx: Context, id: number): Found | Promise<Found> {
  const known = keptOf(ctx).get(id);
  if (known && isFresh(known, ctx.clock())) return known.template;
  const asked = perApp(ctx, "coupon.templatesAskedFor", (): Asked => ({ ids: [], answers: undefined }));
  const place = asked.ids.push(id) - 1;
  asked.answers ??= Promise.resolve().then(() => {
    const ids = asked.ids.splice(0);
    asked.answers = undefined;
    return templatesToShow(ctx, ids);
  });
  return asked.answers.then((found) => found[place]);
}

/** Those that are asked for in this turn. */
interface Asked {
  readonly ids: number[];
  answers: Promise<Found[]> | undefined;
}

function isFresh(kept: Kept | undefined, now: number): boolean {
  return kept !== undefined && Math.abs(now - kept.at) < freshMs;
}

function areThere(templates: readonly Kept["template"][]): templates is Found[] {
  return !templates.some((template) => template instanceof Promise);
}

function read(ctx: Context, kept: Map<number, Kept>, ids: ReadonlySet<number>, at: number): void {
  const reading = templatesById(inAllShops(ctx), [...ids]).then((found) => byId(found));
  const entries = [...ids].map((id): [number, Kept] => [id, { at, template: reading.then((found) => found.get(id)) }]);
  for (const [id, entry] of entries) kept.set(id, entry);
  reading.then(
    (found) => {
      for (const [id, entry] of entries) entry.template = found.get(id);
    },
    () => {
      for (const [id, entry] of entries) if (kept.get(id) === entry) kept.delete(id);
    },
  );
}

function byId(templates: readonly Found[]): ReadonlyMap<number, CouponTemplate> {
  return new Map(templates.flatMap((template) => (template ? [[template.id, template] as const] : [])));
}
