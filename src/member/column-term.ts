import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { type AudienceTerm, allOf, asksNothing, asksSomething, defineTerm, listOf, oneOf } from "../audience/term.ts";
import { plainText, readPart } from "../value/plain-text.ts";
import { schemaOf } from "../value/value.ts";

/** The kind of texts that a column holds: what is asked about is brought to the form in which they are kept. */
export interface TextKind {
  readonly value: z.ZodType<string, string>;
  /** The form of a part of one, if it has its own. */
  readonly part?: (text: string) => string;
  /** Whether the index of its column takes capitals for small letters: it finds those who are compared then. */
  readonly isFolded?: boolean;
}
const anyText: TextKind = { value: plainText() };

/** A condition on a text column of `m`. */
export function textTerm(name: string, column: string, description: string, kind = anyText): AudienceTerm {
  const value = sql.raw(`m.${column}`);
  const compile = (asked: Asked<string>) => compare(value, asked, kind.isFolded ? folded(value, asked) : []);
  return defineTerm({ name, description, schema: textCondition(kind), compile, indexed: served(column) });
}

function folded(column: SQL, asked: Asked<string>): SQL[] {
  const inFolds = sql`${column} COLLATE NOCASE`;
  return [
    ...(asked.eq === undefined ? [] : [sql`${inFolds} = ${asked.eq}`]),
    ...(asked.in === undefined ? [] : [oneOf(inFolds, asked.in)]),
  ];
}

/** A condition on a whole number: a count, a level, points, or money in minor units. */
export function numberTerm(name: string, column: string, description: string): AudienceTerm {
  const compile = (asked: Asked<number>) => compare(sql.raw(`m.${column}`), asked);
  return defineTerm({ name, description, schema: numberCondition, compile, indexed: served(column) });
}

/** The columns that have an index, and the operators that it serves. */
const indexedColumns: ReadonlySet<string> = new Set([
  "id",
  "external_id",
  "name",
  "email",
  "phone",
  "level",
  "total_spend",
  "points",
  "birthday",
  "registered_at",
  "membership_ends_at",
  "last_active_at",
]);
const servedOperators = ["eq", "in", "lt", "lte", "gt", "gte", "between", "inLastDays", "inNextDays"];

/** Tells whether an index serves at least one operator that is asked of a column. */
export function served(column: string): (asked: object) => boolean {
  const operators = indexedColumns.has(column) ? servedOperators : [];
  return (asked) => Object.entries(asked).some(([name, value]) => value !== undefined && operators.includes(name));
}

const exists = z.boolean().optional().describe("Whether the member has a value at all.");

/** The operators of every type. */
function equality<T extends z.ZodType>(value: T) {
  return {
    eq: value.optional().describe("Is this value."),
    ne: value.optional().describe("Is not this value; also true where there is none."),
    in: listOf(value).optional().describe("Is one of these values, at most 1,000."),
    exists,
  };
}

/** The operators of a type that has an order; `range` is its `{ from, to }`. */
export function orderOperators<T extends z.ZodType, R extends z.ZodType>(value: T, range: R) {
  return {
    ...equality(value),
    lt: value.optional().describe("Less than."),
    lte: value.optional().describe("Less than or equal."),
    gt: value.optional().describe("Greater than."),
    gte: value.optional().describe("Greater than or equal."),
    between: range.optional().describe("Within this range, both ends included."),
  };
}

/** The fields of a range and the message when its ends are the wrong way round. */
export function ends<T extends z.ZodType>(value: T) {
  return { from: value.describe("The least, included."), to: value.describe("The greatest, included.") };
}
export const notARange = "from is greater than to";

const numberRange = z
  .strictObject(ends(z.int()))
  .refine(({ from, to }) => from <= to, notARange)
  .meta({ id: "NumberRange", description: "A range of whole numbers, both ends included." });
const numberCondition = z
  .strictObject(orderOperators(z.int(), numberRange))
  .refine(asksSomething, asksNothing)
  .meta({ id: "NumberCondition", description: "Conditions on a whole number; those given must all hold." });
function textCondition({ value, part }: TextKind) {
  const searched = schemaOf(readPart(500));
  return z
    .strictObject({
      ...equality(value),
      contains: (part ? searched.transform(part) : searched).optional().describe("Contains this text, case and all."),
    })
    .refine(asksSomething, asksNothing)
    .meta({ id: "TextCondition", description: "Conditions on a text; those given must all hold." });
}

/** What a column may be asked, with values as the database holds them. */
export interface Asked<T extends string | number> {
  readonly eq?: T | undefined;
  readonly ne?: T | undefined;
  readonly in?: readonly T[] | undefined;
  readonly lt?: T | undefined;
  readonly lte?: T | undefined;
  readonly gt?: T | undefined;
  readonly gte?: T | undefined;
  readonly between?: { readonly from: T; readonly to: T } | undefined;
  readonly contains?: string | undefined;
  readonly exists?: boolean | undefined;
}

/**
 * The predicate of the operators on one column. `IS NOT NULL AND …` keeps it from being NULL and yet leaves the
 * comparison where an index, also a partial one, can serve it.
 */
export function compare<T extends string | number>(column: SQL, asked: Asked<T>, more: readonly SQL[] = []): SQL {
  const needValue: SQL[] = [...more];
  const { eq, ne, lt, lte, gt, gte, between, contains } = asked;
  if (eq !== undefined) needValue.push(sql`${column} = ${eq}`);
  if (asked.in) needValue.push(oneOf(column, asked.in));
  if (lt !== undefined) needValue.push(sql`${column} < ${lt}`);
  if (lte !== undefined) needValue.push(sql`${column} <= ${lte}`);
  if (gt !== undefined) needValue.push(sql`${column} > ${gt}`);
  if (gte !== undefined) needValue.push(sql`${column} >= ${gte}`);
  if (between) needValue.push(sql`${column} BETWEEN ${between.from} AND ${between.to}`);
  const parts = needValue.length > 0 ? [sql`${column} IS NOT NULL`, ...needValue] : [];
  if (contains !== undefined) parts.push(sql`instr(coalesce(${column}, ''), ${contains}) > 0`);
  if (ne !== undefined) parts.push(sql`${column} IS NOT ${ne}`);
  if (asked.exists !== undefined) parts.push(asked.exists ? sql`${column} IS NOT NULL` : sql`${column} IS NULL`);
  return allOf(parts);
}
