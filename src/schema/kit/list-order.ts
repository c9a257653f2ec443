import type { ArgBuilder } from "@pothos/core";
import type { Types } from "./builder.ts";
import { enumOf } from "./enum.ts";

const listOrders = ["NEWEST", "OLDEST", "NAME"] as const;
type ListOrder = (typeof listOrders)[number];

const words: Readonly<Record<ListOrder, string>> = {
  NEWEST: "What was made last first.",
  OLDEST: "What was made first first.",
  NAME: "By name, capitals of A–Z like small letters.",
};

const ListOrderEnum = enumOf("ListOrder", "In which order things with names come.", listOrders, (one) => words[one]);

/** The arguments by which lists of things with names are searched and put in order. */
export const listArgs = (arg: ArgBuilder<Types>, usual: ListOrder = "NEWEST") => ({
  search: arg.string({ description: "Only those whose name holds this text; capitals of A–Z do not matter." }),
  order: arg({ type: ListOrderEnum, description: `${usual} unless given.` }),
});

interface Args {
  readonly search?: string | null | undefined;
  readonly order?: ListOrder | null | undefined;
}

/** What {@link listArgs} reads. */
export function listedOf({ search, order }: Args) {
  return { search: search?.trim() || undefined, order: order ?? undefined };
}
