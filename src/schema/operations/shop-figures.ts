import type { Domain } from "../../context.ts";
import { type ShopFigures, shopFigures } from "../../operations/shop-figures.ts";
import { builder } from "../kit/builder.ts";
import { lateEnum } from "../kit/late.ts";
import { moneyField } from "../kit/money.ts";

const viewers = { role: "viewer" } as const;

/** `couponsUsed` is COUPONS_USED. */
const valuesOf =
  (told: (domain: Domain) => Readonly<Record<string, string>> | undefined) => (list: readonly Domain[]) =>
    Object.fromEntries(
      list
        .flatMap((domain) => Object.entries(told(domain) ?? {}))
        .map(([name, description]) => [
          name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
          { value: name, description },
        ]),
    );

const CountEnum = lateEnum<string>(
  "ShopCountName",
  "What is counted of a shop.",
  valuesOf(({ figures }) => figures?.counts),
);
const AmountEnum = lateEnum<string>(
  "ShopAmountName",
  "What is summed up of a shop, in each currency.",
  valuesOf(({ figures }) => figures?.amounts),
);

const CountType = builder.objectRef<ShopFigures["counts"][number]>("ShopCount").implement({
  description: "How many of something a shop has.",
  authScopes: viewers,
  fields: (t) => ({
    name: t.expose("name", { type: CountEnum, description: "Of what." }),
    value: t.expose("value", { type: "BigInt", description: "How many, from 0." }),
  }),
});

const AmountType = builder.objectRef<ShopFigures["amounts"][number]>("ShopAmount").implement({
  description: "What something of a shop comes to, in one currency.",
  authScopes: viewers,
  fields: (t) => ({
    name: t.expose("name", { type: AmountEnum, description: "Of what." }),
    value: moneyField(t, "How much.", ({ value }) => value),
  }),
});

const FiguresType = builder.objectRef<ShopFigures>("ShopFigures").implement({
  description: "What a shop has, and what became of it.",
  authScopes: viewers,
  fields: (t) => ({
    shop: t.exposeString("shop", { description: "Its number; empty: what belongs to the company itself." }),
    counts: t.field({ type: [CountType], description: "Every count.", resolve: ({ counts }) => [...counts] }),
    amounts: t.field({
      type: [AmountType],
      description: "Amounts, in each currency that there are any of.",
      resolve: ({ amounts }) => [...amounts],
    }),
  }),
});

builder.queryField("shopFigures", (t) =>
  t.field({
    type: [FiguresType],
    description:
      "The figures of each shop that has any, by number; together they are those of the company. Of operators of a " +
      "shop, its own alone.",
    authScopes: viewers,
    complexity: { field: 20, multiplier: 10 },
    args: { shop: t.arg.string({ description: "Only this one's; empty: the company's own." }) },
    resolve: (_root, { shop }, { ctx }) => shopFigures(ctx, { shop: shop ?? undefined }),
  }),
);
