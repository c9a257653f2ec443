import type { EnumRef } from "@pothos/core";
import { builder, type Types } from "./builder.ts";

/** Declares an enum whose values are those of a list in the domain, each told by `describe`. */
export function enumOf<const Value extends string>(
  name: string,
  description: string,
  list: readonly Value[],
  describe: (value: Value) => string,
): EnumRef<Types, Value>;
export function enumOf(
  name: string,
  description: string,
  list: readonly string[],
  describe: (value: string) => string,
) {
  const values = Object.fromEntries(list.map((value) => [value, { value, description: describe(value) }]));
  return builder.enumType(name, { description, values });
}
