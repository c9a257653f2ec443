import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { inAllShops } from "../../shop.ts";
import type { CouponTemplate } from "../table.ts";
import { templatesById } from "../template/template.ts";

/** How old what everybody is told may be, ms. */
const freshMs = 1_000;
const maxKept = 5_000;

/** What this process read last, and when (ms, by the context's clock). */
type Kept = Map<number, { readonly at: number; readonly template: Promise<CouponTemplate | undefined> }>;

const keptOf = (ctx: Context) => perApp(ctx, "coupon.templatesToShow", (): Kept => new Map());

/**
 * The templates of these ids in the order asked, at most a second old; those that are not known are read together, and
 * once, however many ask, for all of them: of whoever asks, this knows no bounds.
 */
export async function templatesToShow(ctx: Context, ids: readonly number[]): Promise<(CouponTemplate | undefined)[]> {
  const kept = keptOf(ctx);
  const now = ctx.clock();
  const isFresh = (at: number | undefined) => at !== undefined && Math.abs(now - at) < freshMs;
  const unknown = new Set(ids.filter((id) => !isFresh(kept.get(id)?.at)));
  if (unknown.size > 0) {
    if (kept.size > maxKept) kept.clear();
    const reading = read(ctx, [...unknown]);
    for (const id of unknown) kept.set(id, { at: now, template: reading.then((found) => found.get(id)) });
    reading.catch(() => {
      for (const id of unknown) kept.delete(id);
    });
  }
  return Promise.all(ids.map((id) => kept.get(id)?.template));
}

async function read(ctx: Context, ids: readonly number[]): Promise<ReadonlyMap<number, CouponTemplate>> {
  const found = await templatesById(inAllShops(ctx), ids);
  return new Map(found.flatMap((template) => (template ? [[template.id, template] as const] : [])));
}
