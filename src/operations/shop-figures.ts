import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { ShopFigure } from "../figures.ts";
import { inReach, isOfShop, shopOf } from "../shop.ts";
import { lineOf } from "../value/plain-text.ts";

/** What a shop has, and what became of it. */
export interface ShopFigures {
  /** Its number; empty: what belongs to the company itself. */
  readonly shop: string;
  /** Every count that there is, 0 among them. */
  readonly counts: readonly { readonly name: string; readonly value: number }[];
  /** Amounts of each currency that there are any of, minor units. */
  readonly amounts: readonly { readonly name: string; readonly value: number; readonly currency: string }[];
}

/**
 * The figures of every shop that has any – of one, where it is named – as the domains count them; together they are
 * those of the whole. Whoever works for a shop is told its own alone.
 */
export async function shopFigures(ctx: Context, { shop: asked }: { readonly shop?: string | undefined }) {
  const one = asked === undefined ? undefined : lineOf(asked);
  const parts = ctx.domains.flatMap(({ figures }) => (figures ? [figures] : []));
  const found = await Promise.all(
    parts.map((figures) => figures.read(ctx, (shop) => sql`${inReach(ctx, shop)} AND ${isOfShop(one, shop)}`)),
  );
  const names = parts.flatMap(({ counts }) => Object.keys(counts));
  const byShop = Map.groupBy(found.flat(), ({ shop }) => shop);
  const own = shopOf(ctx);
  if (own !== "" && (one ?? own) === own && !byShop.has(own)) byShop.set(own, []);
  return [...byShop].map(([shop, figures]) => inOrder(shop, figures, names)).sort(byNumber);
}

function inOrder(shop: string, figures: readonly ShopFigure[], names: readonly string[]): ShopFigures {
  const values = new Map(figures.map(({ name, value }) => [name, value]));
  const counts = names.map((name) => ({ name, value: values.get(name) ?? 0 }));
  const amounts = figures.flatMap(({ name, value, currency }) => (currency ? [{ name, value, currency }] : []));
  return { shop, counts, amounts };
}

const byNumber = (a: ShopFigures, b: ShopFigures) => (a.shop < b.shop ? -1 : 1);
