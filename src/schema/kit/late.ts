import { EnumRef } from "@pothos/core";
import type { Domain } from "../../context.ts";
import { builder, type Types } from "./builder.ts";

type Declare = (domains: readonly Domain[]) => void;

const waiting: Declare[] = [];

/**
 * Declares what only the domains together can tell: which events there are, what filters may ask. It happens when the
 * schema is built; until then refs stand in for the types.
 */
export function whenBuilt(declare: Declare): void {
  waiting.push(declare);
}

/** Declares all that waited, once for each builder of the process. */
export function declareLate(domains: readonly Domain[]): void {
  for (const declare of waiting.splice(0)) declare(domains);
}

/** A value of an enum: by its name what it stands for, and its description. */
export type EnumValues = Readonly<Record<string, { readonly value: string; readonly description: string }>>;

/** An enum whose values are told by the domains. Inside, its values are strings. */
export function lateEnum<Value extends string>(
  name: string,
  description: string,
  values: (domains: readonly Domain[]) => EnumValues,
): EnumRef<Types, Value> {
  const ref = new EnumRef<Types, Value>(name);
  whenBuilt((domains) => {
    const made = builder.enumType(name, { description, values: values(domains) });
    builder.configStore.associateParamWithRef(ref, made);
  });
  return ref;
}
