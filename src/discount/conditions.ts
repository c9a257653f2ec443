import { z } from "zod";
import { plainText } from "../value/plain-text.ts";

const names = z.array(plainText(100)).max(1_000).default([]);
const Lists = z.strictObject({ include: names, exclude: names }).prefault({});

/** Which goods count for a promotion or a template's coupons; without any, all. */
export const GoodsConditions = z.strictObject({
  goods: Lists.describe("Goods by the shop's ids."),
  categories: Lists.describe("Categories by the shop's ids."),
});
export type GoodsConditions = z.infer<typeof GoodsConditions>;

/** The same with how much they must cost, from 0. */
export const Conditions = GoodsConditions.extend({
  minimum: z
    .int()
    .nonnegative()
    .max(1_000_000_000_000)
    .default(0)
    .describe("What counts must cost at least so much after promotions, before coupons, in minor units."),
});
export type Conditions = z.infer<typeof Conditions>;

/** What conditions look at of a line of a cart. */
export interface Goods {
  /** The shop's id of what is bought. */
  readonly goods: string;
  readonly categories: readonly string[];
  /** The number of the shop that sells it; empty: the platform. */
  readonly shop: string;
}

/**
 * The lines that count: of the shop ('' = of all shops); named by a list of goods or of categories to
 * include, where there is one; and by no list to exclude. Exclusion wins. The minimum is not looked at here.
 */
export function eligibleLines<Line extends Goods>(
  { goods, categories }: GoodsConditions,
  shop: string,
  lines: readonly Line[],
): Line[] {
  const all = goods.include.length + categories.include.length === 0;
  const wanted = { goods: new Set(goods.include), categories: new Set(categories.include) };
  const unwanted = { goods: new Set(goods.exclude), categories: new Set(categories.exclude) };
  const isNamed = (line: Line, by: typeof wanted) =>
    by.goods.has(line.goods) || line.categories.some((category) => by.categories.has(category));
  return lines.filter(
    (line) => (shop === "" || line.shop === shop) && (all || isNamed(line, wanted)) && !isNamed(line, unwanted),
  );
}
