import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { allOf, anyOf, defineTerm, listOf, oneOf } from "../audience/term.ts";
import { exactNumber } from "../value/number.ts";
import { lineOf, readBlock, readPart } from "../value/plain-text.ts";
import { schemaOf } from "../value/value.ts";
import { ends } from "./column-term.ts";

type Scalar = string | number | boolean;

const text = schemaOf(readBlock(500));
const scalar = z.union([text, exactNumber(), z.boolean()]).meta({ id: "Scalar" });
const searched = z.union([schemaOf(readPart(500)), exactNumber(), z.boolean()]);
const comparable = z.union([text, exactNumber()]).meta({ id: "TextOrNumber" });
const pathPattern = /^[^."\\\p{C}]{1,64}(\.[^."\\\p{C}]{1,64}){0,7}$/u;

/** Whether this names a place in the attributes: at most 8 names with dots between. */
export function isAttributePath(path: string): boolean {
  return pathPattern.test(path);
}

/** A path with its names as the attributes have them. */
export function canonicalPath(path: string): string {
  return path.split(".").map(lineOf).join(".");
}

/** Conditions on the shop's own facts. Values of different JSON types are never equal, less or greater. */
export const attributeTerm = defineTerm({
  name: "attribute",
  description: "A fact of the shop's own in the member's attributes.",
  schema: z
    .strictObject({
      path: z
        .string()
        .transform(canonicalPath)
        .pipe(z.string().regex(pathPattern, "is not a path like size or address.country (at most 8 names)"))
        .describe("The names that lead to the value, with dots between, e.g. address.country."),
      eq: scalar.optional().describe("Is this value."),
      ne: scalar.optional().describe("Is not this value; also true where there is none."),
      in: listOf(scalar).optional().describe("Is one of these values, at most 1,000."),
      lt: comparable.optional().describe("Less than."),
      lte: comparable.optional().describe("Less than or equal."),
      gt: comparable.optional().describe("Greater than."),
      gte: comparable.optional().describe("Greater than or equal."),
      between: z
        .strictObject(ends(comparable))
        .refine(
          ({ from, to }) => typeof from === typeof to && from <= to,
          "from and to are of two types, or from is greater",
        )
        .meta({ id: "AttributeRange", description: "A range of numbers or of texts, both ends included." })
        .optional()
        .describe("Within this range, both ends included."),
      contains: searched.optional().describe("A text that contains this text, or a list that contains this value."),
      exists: z.boolean().optional().describe("Whether there is a value other than null."),
    })
    .refine(
      ({ path: _, ...asked }) => Object.values(asked).some((value) => value !== undefined),
      "name at least one operator",
    )
    .meta({
      id: "AttributeCondition",
      description: "Conditions on a value in the attributes; those given must all hold.",
    }),
  compile: (asked) => {
    const place = placeOf(asked.path);
    const parts: SQL[] = [];
    if (asked.eq !== undefined) parts.push(place.is([asked.eq]));
    if (asked.ne !== undefined) parts.push(sql`(NOT ${place.is([asked.ne])})`);
    if (asked.in) parts.push(place.is(asked.in));
    for (const [key, operator] of orders) {
      const bound = asked[key];
      if (bound !== undefined) parts.push(place.compared(operator, bound));
    }
    if (asked.between) parts.push(place.compared(">=", asked.between.from), place.compared("<=", asked.between.to));
    if (asked.contains !== undefined) parts.push(place.contains(asked.contains));
    if (asked.exists !== undefined) parts.push(asked.exists ? place.exists : sql`(NOT ${place.exists})`);
    return allOf(parts);
  },
});

const orders = [
  ["lt", "<"],
  ["lte", "<="],
  ["gt", ">"],
  ["gte", ">="],
] as const;

const kinds = {
  string: "('text')",
  number: "('integer', 'real')",
} as const;

/** Predicates on the value at a path. The type is asked first, so that none of them is NULL where nothing is there. */
function placeOf(path: string) {
  const at = path.split(".").reduce((jsonPath, name) => `${jsonPath}."${name}"`, "$");
  const type = sql`coalesce(json_type(m.attributes, ${at}), 'null')`;
  const value = sql`json_extract(m.attributes, ${at})`;
  const ofKind = (kind: keyof typeof kinds) => sql`${type} IN ${sql.raw(kinds[kind])}`;
  const element = sql.raw("element.");
  return {
    exists: sql`(${type} <> 'null')`,
    is: (list: readonly Scalar[]) => anyOf(sameAs(type, value, list)),
    compared: (operator: "<" | "<=" | ">" | ">=", bound: string | number) =>
      sql`(${ofKind(typeof bound === "string" ? "string" : "number")} AND ${value} ${sql.raw(operator)} ${bound})`,
    contains: (part: Scalar) => {
      const listed = sql`(${type} = 'array' AND EXISTS (
        SELECT 1 FROM json_each(m.attributes, ${at}) element
        WHERE ${anyOf(sameAs(sql`${element}type`, sql`${element}value`, [part]))}))`;
      return typeof part === "string"
        ? anyOf([sql`(${ofKind("string")} AND instr(${value}, ${part}) > 0)`, listed])
        : listed;
    },
  };
}

function sameAs(type: SQL, value: SQL, list: readonly Scalar[]): SQL[] {
  const texts = list.filter((item) => typeof item === "string");
  const numbers = list.filter((item) => typeof item === "number");
  const booleans = list.filter((item) => typeof item === "boolean").map(String);
  return [
    ...(texts.length > 0 ? [sql`(${type} IN ${sql.raw(kinds.string)} AND ${oneOf(value, texts)})`] : []),
    ...(numbers.length > 0 ? [sql`(${type} IN ${sql.raw(kinds.number)} AND ${oneOf(value, numbers)})`] : []),
    ...(booleans.length > 0 ? [oneOf(type, booleans)] : []),
  ];
}
