import { GraphQLError, valueFromASTUntyped } from "graphql";
import { builder } from "./builder.ts";

builder.scalarType("DateTime", {
  description:
    "A moment as RFC 3339 with seconds and an offset, e.g. `2026-11-11T08:00:00Z`; " +
    "answers are in UTC with milliseconds.",
  serialize: (ms) => new Date(ms).toISOString(),
  parseValue: (value) => parseDateTime(value),
});

builder.scalarType("BigInt", {
  description:
    "A whole number that may be beyond 2^31: answered as a string of decimal digits, " +
    "taken as such a string or a whole number.",
  serialize: (value) => value.toString(),
  parseValue: (value) => parseBigInt(value),
});

builder.scalarType("JSON", {
  description: "Any JSON value. Only where the shop decides the shape: attributes, event properties.",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):\d{2})$/;

/** Milliseconds since 1970 UTC of an RFC 3339 text. Days that no calendar has are not moved to the next month. */
export function parseDateTime(value: unknown): number {
  const day = typeof value === "string" ? rfc3339.exec(value)?.[1] : undefined;
  const ms = day !== undefined && isDay(day) ? Date.parse(String(value).toUpperCase()) : Number.NaN;
  // NaN fails this, too. At the ends of the calendar an offset leads out of the years that can be written down.
  if (ms >= firstMs && ms <= lastMs) return ms;
  throw new GraphQLError(`DateTime must be RFC 3339 such as "2026-11-11T08:00:00Z", not ${JSON.stringify(value)}`);
}

const firstMs = Date.parse("0001-01-01T00:00:00Z");
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

function isDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

function parseBigInt(value: unknown): bigint {
  if (typeof value === "string" && /^-?\d{1,40}$/.test(value)) return BigInt(value);
  if (Number.isSafeInteger(value)) return BigInt(Number(value));
  throw new GraphQLError(`BigInt must be a whole number or a string of digits, not ${JSON.stringify(value)}`);
}
