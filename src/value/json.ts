import { inexact, isSafe } from "./number.ts";
import { blockOf, isPlain, lineOf } from "./plain-text.ts";

/** A fault inside a JSON value: the names and places that lead to it. */
export interface JsonFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * The canonical form of a JSON value that the shop decides on: its texts and names as {@link blockOf} and {@link
 * lineOf} make them, its numbers exact. Adds to `faults` what cannot be kept.
 */
export function canonicalJson(value: unknown, faults: JsonFault[], path: JsonFault["path"] = []): Json {
  const fault = (message: string, at = path) => {
    faults.push({ path: at, message });
    return null;
  };
  if (typeof value === "string") return isPlain(value) ? blockOf(value) : fault("is not well-formed text");
  if (typeof value === "bigint") return isSafe(Number(value)) ? Number(value) : fault(inexact);
  if (typeof value === "number") return isSafe(value) ? value : fault(inexact);
  if (typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value)) return value.map((part, i) => canonicalJson(part, faults, [...path, i]));
  if (typeof value !== "object") return fault("is nothing that JSON can say");
  const seen = new Set<string>();
  const entries = Object.entries(value).flatMap(([given, part]) => {
    const name = lineOf(given);
    if (part === undefined) return [];
    if (!isPlain(given)) return [[name, fault("has a name that is not well-formed text")] as const];
    if (seen.has(name)) fault(`has the name ${JSON.stringify(name)} twice`);
    seen.add(name);
    return [[name, canonicalJson(part, faults, [...path, name])] as const];
  });
  return Object.fromEntries(entries);
}

/** Where a JSON value has a number that may have lost digits before it came here; nowhere, undefined. */
export function lostDigits(value: unknown, path: JsonFault["path"] = []): JsonFault["path"] | undefined {
  if (typeof value === "number") return isSafe(value) ? undefined : path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, part] of Object.entries(value)) {
    const lost = lostDigits(part, [...path, name]);
    if (lost) return lost;
  }
  return undefined;
}
