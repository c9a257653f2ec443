import type { ArgBuilder } from "@pothos/core";
import type { Types } from "./builder.ts";

/** The shop that a list of things is asked for. */
export const shopArgs = (arg: ArgBuilder<Types>) => ({
  shop: arg.string({ description: "Only those of this shop; empty: the company's own." }),
});

/** The shop that something new is made for. */
export const newShopField = (t: PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">, unless: string) =>
  t.string({ description: `The number of the shop that it is made for, at most 60 characters; ${unless}.` });

/** Whose it is where nobody says so. */
export const makersShop = "yours unless given, or the company's own where you work for all of them";

/** What the shop of a thing is called. */
export const shopOfThing = "The number of the shop that it belongs to; empty: the company's own.";
