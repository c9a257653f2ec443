import { GraphQLError, Kind, type ValueNode, valueFromASTUntyped, visit } from "graphql";
import { readMoment } from "../../value/date.ts";
import { lostDigits } from "../../value/json.ts";
import { inexact, isExact, isSafe } from "../../value/number.ts";
import { isUnfit } from "../../value/value.ts";
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
  description:
    "Any JSON value. Only where the shop decides the shape: attributes, event properties. " +
    "Numbers beyond 2^53 lose digits on their way, so they are refused: send them as texts.",
  serialize: (value) => value,
  parseValue: (value) => exactJson(value),
  parseLiteral: (node, variables) => {
    refuseInexact(node);
    return exactJson(plainNumbers(valueFromASTUntyped(node, variables)));
  },
});

/** Milliseconds since 1970 UTC of an RFC 3339 text, which says its offset. */
export function parseDateTime(value: unknown): number {
  const ms = typeof value === "string" ? readMoment(value) : { unfit: "is no text" };
  if (!isUnfit(ms)) return ms;
  throw new GraphQLError(`DateTime must be RFC 3339 such as "2026-11-11T08:00:00Z": ${said(value)} ${ms.unfit}`);
}

function said(value: unknown): string {
  return (JSON.stringify(value) ?? "this").slice(0, 100).toWellFormed();
}

function exactJson(value: unknown): unknown {
  const lost = lostDigits(value);
  if (lost) throw new GraphQLError(`${lost.length > 0 ? `${lost.join(".")}: a number here` : "The number"} ${inexact}`);
  return value;
}

/** In a document the digits can still be seen. */
function refuseInexact(node: ValueNode): void {
  const number = (one: { readonly value: string }) => {
    if (!isExact(one.value)) throw new GraphQLError(`${one.value.slice(0, 60)} ${inexact}`, { nodes: node });
  };
  visit(node, { [Kind.INT]: number, [Kind.FLOAT]: number });
}

/** Whole numbers of variables that stand inside a literal, of the type BigInt, as JSON has them. */
function plainNumbers(value: unknown): unknown {
  if (typeof value === "bigint") return isSafe(Number(value)) ? Number(value) : Number.POSITIVE_INFINITY;
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainNumbers(part)]));
}

function parseBigInt(value: unknown): bigint {
  if (typeof value === "string" && /^-?\d{1,40}$/.test(value)) return BigInt(value);
  if (Number.isSafeInteger(value)) return BigInt(Number(value));
  throw new GraphQLError(`BigInt must be a whole number or a string of digits, not ${JSON.stringify(value)}`);
}
