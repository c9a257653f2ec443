import type { Context } from "../../context.ts";
import { type Language, languageOf } from "../../language.ts";
import { decimalsOf, type Money, moneyText } from "../../money.ts";
import { builder, type Types } from "./builder.ts";

/** The language of whoever asks: a member's own; English for all others. */
export function languageOfActor({ actor }: Context): Language {
  return actor.kind === "member" ? (actor.language ?? "en") : "en";
}

/** The argument by which another language is asked for. */
export const languageArg = "A BCP 47 tag, e.g. zh-CN; the member's own unless given, English for others.";

/** Refuses no tag: what `Intl` does not know is written as in English. */
export function toldIn(ctx: Context, asked: string | null | undefined): Language {
  return asked ? languageOf(asked) : languageOfActor(ctx);
}

export const MoneyType = builder.objectRef<Money>("Money").implement({
  description: "An amount of money.",
  authScopes: { public: true },
  fields: (t) => ({
    amount: t.expose("amount", {
      type: "BigInt",
      description: "In whole minor units of the currency: cents of EUR, yen of JPY, fils of KWD.",
    }),
    currency: t.exposeString("currency", { description: "ISO 4217." }),
    decimals: t.int({
      description: "How many of the amount's digits are decimals: 2 of EUR, 0 of JPY, 3 of KWD.",
      resolve: ({ currency }) => decimalsOf(currency),
    }),
    text: t.string({
      description: "As people write it, e.g. €30.",
      args: { language: t.arg.string({ description: languageArg }) },
      resolve: (money, { language }, { ctx }) => moneyText(money, toldIn(ctx, language)),
    }),
  }),
});

type MoneyField<Parent extends object> = PothosSchemaTypes.ObjectFieldBuilder<Types, Parent>;

/** A field that answers an amount of the parent's currency; null where there is none. */
export function moneyField<Parent extends { readonly currency: string }>(
  t: MoneyField<Parent>,
  description: string,
  amountOf: (parent: Parent) => number | bigint,
) {
  return t.field({
    type: MoneyType,
    description,
    resolve: (parent): Money => ({ amount: amountOf(parent), currency: parent.currency }),
  });
}

/** The same for an amount that may be missing. */
export function maybeMoney<Parent extends { readonly currency: string }>(
  t: MoneyField<Parent>,
  description: string,
  amountOf: (parent: Parent) => number | bigint | null | undefined,
) {
  return t.field({
    type: MoneyType,
    nullable: true,
    description,
    resolve: (parent): Money | null => {
      const amount = amountOf(parent);
      return amount === null || amount === undefined ? null : { amount, currency: parent.currency };
    },
  });
}
