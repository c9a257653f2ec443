import { expect, test } from "bun:test";
import { GraphQLError, isScalarType, parseValue } from "graphql";
import { domains } from "../../../src/domains.ts";
import { buildSchemas } from "../../../src/schema/server/schemas.ts";

const types = buildSchemas(domains).operators;

function scalar(name: string) {
  const type = types.getType(name);
  if (!isScalarType(type)) throw new Error(`${name} is no scalar`);
  return type;
}

/** What a value, or a literal of a document, is read as; or the words with which it is refused. */
function read(name: string, given: { readonly value: unknown } | { readonly literal: string; variables?: object }) {
  try {
    const type = scalar(name);
    return "value" in given
      ? type.parseValue(given.value)
      : type.parseLiteral(parseValue(given.literal), { ...given.variables });
  } catch (error) {
    if (error instanceof GraphQLError) return error.message;
    throw error;
  }
}

test("a number in JSON keeps its digits, as a variable and in a document, or is refused with its place", () => {
  expect(read("JSON", { value: { n: 2 ** 53 - 1, list: [1.5, "1234567890123456789"] } })).toEqual({
    n: 2 ** 53 - 1,
    list: [1.5, "1234567890123456789"],
  });
  expect(read("JSON", { value: JSON.parse('{ "cards": [1, 1234567890123456789] }') })).toMatch(/^cards\.1: .*a text/);
  expect(read("JSON", { value: JSON.parse("1e400") })).toMatch(/^The number has more digits/);
  expect(read("JSON", { literal: '{ n: 9007199254740991, x: 0.1, t: "1" }' })).toEqual({
    n: 2 ** 53 - 1,
    x: 0.1,
    t: "1",
  });
  for (const digits of ["1234567890123456789", "0.12345678901234567891", "9007199254740993", "1e400"])
    expect(read("JSON", { literal: `{ deep: [${digits}] }` })).toMatch(/has more digits than a number keeps/);
  expect(read("JSON", { literal: "{ n: $big }", variables: { big: 12n } })).toEqual({ n: 12 });
  expect(read("JSON", { literal: "{ n: $big }", variables: { big: 2n ** 60n } })).toMatch(/^n: /);
});

test("a DateTime says its offset: a day alone, or a time of nowhere, is told what is missing", () => {
  expect(read("DateTime", { value: "2026-11-28T08:00:00+01:00" })).toBe(Date.parse("2026-11-28T07:00:00Z"));
  expect(read("DateTime", { value: "2026-11-28" })).toMatch(/RFC 3339.*date without a time/);
  expect(read("DateTime", { value: "2026-11-28T08:00:00" })).toMatch(/RFC 3339.*which zone/);
  expect(String(read("DateTime", { value: "x".repeat(5_000) })).length).toBeLessThan(300);
});
