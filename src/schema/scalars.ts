import { GraphQLError, valueFromASTUntyped } from "graphql";
import { builder } from "./builder.ts";

builder.scalarType("DateTime", {
  description:
    "A moment as RFC 3339 with seconds and an offset, e.g. `2026-11-11T08:00:00Z`; answers are in UTC with milliseconds.",
  serialize: (ms) => new Date(ms).toISOString(),
  parseValue: (value) => parseDateTime(value),
});

builder.scalarType("BigInt", {
  description:
    "A whole number that may be beyond 2^31: answered as a string of decimal digits, taken as such a string or a whole number.",
  serialize: (value) => value.toString(),
  parseValue: (value) => parseBigInt(value),
});

builder.scalarType("JSON", {
  description: "Any JSON value. Only where the shop decides the shape: attributes, event properties.",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Milliseconds since 1970 UTC of an RFC 3339 text. */
export function parseDateTime(value: unknown): number {
  const ms = typeof value === "string" && rfc3339.test(value) ? Date.parse(value.toUpperCase()) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new GraphQLError(`DateTime must be RFC 3339 such as "2026-11-11T08:00:00Z", not ${JSON.stringify(value)}`);
  }
  return ms;
}

function parseBigInt(value: unknown): bigint {
  if (typeof value === "string" && /^-?\d{1,40}$/.test(value)) return BigInt(value);
  if (Number.isSafeInteger(value)) return BigInt(Number(value));
  throw new GraphQLError(`BigInt must be a whole number or a string of digits, not ${JSON.stringify(value)}`);
}
