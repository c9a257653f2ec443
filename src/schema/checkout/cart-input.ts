import type { CartInput as Cart } from "../../checkout/cart.ts";
import { builder } from "../kit/builder.ts";

const CartLineInput = builder.inputType("CartLineInput", {
  description: "One line of a cart.",
  fields: (t) => ({
    id: t.string({ required: true, description: "The line's id, unique in the cart, 1–100 characters." }),
    goods: t.string({ required: true, description: "The shop's id of what is bought, 1–100 characters." }),
    categories: t.stringList({ description: "The shop's ids of the categories that it belongs to, at most 50." }),
    shop: t.string({ description: "The number of the shop that sells it; the platform itself unless given." }),
    unitPrice: t.field({ type: "BigInt", required: true, description: "What one costs, in minor units, from 0." }),
    quantity: t.int({ required: true, description: "How many, 1–1,000,000." }),
  }),
});

export const CartInput = builder.inputType("CartInput", {
  description: "What a member is about to buy; at most 10^12 minor units in all.",
  fields: (t) => ({
    currency: t.string({ required: true, description: "ISO 4217, e.g. EUR." }),
    lines: t.field({ type: [CartLineInput], required: true, description: "Its lines, 1–200." }),
  }),
});

/** The cart in the domain's words. */
export function cartOf({ currency, lines }: typeof CartInput.$inferInput): Cart {
  return {
    currency,
    lines: lines.map(({ categories, shop, unitPrice, ...line }) => ({
      ...line,
      unitPrice: Number(unitPrice),
      categories: categories ?? [],
      shop: shop ?? "",
    })),
  };
}
