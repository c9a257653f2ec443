import { z } from "zod";
import type { Context } from "../context.ts";
import { refuse } from "../errors.ts";
import { mayName, shopOf } from "../shop.ts";
import { currency } from "../value/currency.ts";
import { lineOrNone, plainText } from "../value/plain-text.ts";

const name = plainText(100);
/** What a cart may cost in all, in minor units: sums of it stay exact. */
const maxTotal = 1_000_000_000_000;

const Line = z.strictObject({
  id: name.describe("The line's id, unique in the cart."),
  goods: name.describe("The shop's id of what is bought."),
  categories: z.array(name).max(50).default([]).describe("The shop's ids of the categories that it belongs to."),
  shop: lineOrNone(100).default("").describe("The number of the shop that sells it; empty: the platform."),
  unitPrice: z.int().nonnegative().max(maxTotal).describe("What one costs, in minor units."),
  quantity: z.int().min(1).max(1_000_000).describe("How many."),
});

/** What a member is about to buy: 1–200 lines in one currency, at most 10^12 minor units in all. */
export const Cart = z.strictObject({
  currency: currency(),
  lines: z
    .array(Line)
    .min(1)
    .max(200)
    .refine((lines) => new Set(lines.map(({ id }) => id)).size === lines.length, "ids of lines must differ")
    .refine((lines) => goodsTotal(lines) <= maxTotal, "must not cost more than 10^12 minor units in all"),
});
export type Cart = z.infer<typeof Cart>;
export type CartInput = z.input<typeof Cart>;
export type CartLine = z.infer<typeof Line>;

/** What lines cost before anything is taken off, in minor units. */
export function goodsTotal(lines: readonly Pick<CartLine, "unitPrice" | "quantity">[]): number {
  return lines.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0);
}

/** The shop that all lines are of; empty where they are of several, or the company's own. */
export function shopOfCart({ lines: [first, ...others] }: Cart): string {
  const shop = first?.shop ?? "";
  return others.every((line) => line.shop === shop) ? shop : "";
}

/** INVALID_INPUT for what the actor, who works for one shop, cannot say was sold: lines of others. */
export function strangeLines(ctx: Pick<Context, "actor">, { lines }: Cart) {
  const own = shopOf(ctx);
  const issues = lines.flatMap(({ shop }, i) => {
    const message = `you work for the shop ${JSON.stringify(own)} alone`;
    return mayName(own, shop) ? [] : [{ path: `cart.lines.${i}.shop`, message }];
  });
  return issues.length > 0 ? refuse.invalid(issues) : undefined;
}

/** Whether two carts hold the same, in whatever order. */
export function isSameCart(a: Cart, b: Cart): boolean {
  return plain(a) === plain(b);
}

function plain({ currency, lines }: Cart): string {
  const inOrder = [...lines].sort((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify([
    currency,
    inOrder.map(({ id, goods, categories, shop, unitPrice, quantity }) => {
      return [id, goods, [...categories].sort(), shop, unitPrice, quantity];
    }),
  ]);
}
