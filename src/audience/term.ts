import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Issue } from "../errors.ts";
import { check, schemaIssues } from "../input.ts";

/** What a condition may depend on besides the member: all of it is frozen with the run that uses it. */
export interface AudienceEnv {
  /** "Now", in milliseconds since 1970 UTC. */
  readonly asOf: number;
  /** The shop's zone (IANA), in which "today" and "this month" are meant. */
  readonly timeZone: string;
  /**
   * The shop of whatever the audience is for, or of the operator who tries it; empty: of the company. What belongs to
   * another shop, templates or campaigns, is not there for it: whoever holds or got that matches no more than if it had
   * never been made.
   */
  readonly shop: string;
  /**
   * Where the rows come from. `range` (the default): the statement walks a range of `m.seq`, and each condition is a
   * look-up for that one member. `index`: the statement asks the whole table, and a condition may name its members
   * itself (`m.seq IN (SELECT …)`), so that an index can lead.
   */
  readonly from?: "range" | "index";
}

/** A checked condition. */
export interface Condition {
  /** Its predicate over `member m`, true or false for every row and never NULL. */
  readonly predicate: (env: AudienceEnv) => SQL;
  /** Whether an index of the database leads to its members, so that not every member is read. */
  readonly indexed: boolean;
  /** Made of other conditions. */
  readonly combined?: true;
}

/** One word of the audience language. A domain defines its own and the application puts all lists together. */
export interface AudienceTerm {
  /** Its key in a filter: `{ level: { gte: 3 } }` is the term `level`. */
  readonly name: string;
  readonly description: string;
  /** The shape of its argument; the GraphQL input derives from it, so it stays within what JSON Schema can say. */
  readonly schema: z.ZodType;
  /** Checks an argument, which stands at this place: the condition, or what is wrong with it. */
  read(input: unknown, at: readonly PropertyKey[]): Condition | readonly Issue[];
}

/**
 * Defines a term. `compile` answers a predicate over the alias `m` that must be true or false, never NULL; `indexed`
 * tells which arguments an index serves (none unless given).
 */
export function defineTerm<S extends z.ZodType>(term: {
  readonly name: string;
  readonly description: string;
  readonly schema: S;
  readonly compile: (argument: z.output<S>, env: AudienceEnv) => SQL;
  readonly indexed?: (argument: z.output<S>) => boolean;
}): AudienceTerm {
  const { name, description, schema, compile, indexed = () => false } = term;
  return {
    name,
    description,
    schema,
    read: (input, at) => {
      const checked = check(schema, input);
      if (!checked.success) return schemaIssues(checked.error, at);
      return { predicate: (env) => compile(checked.data, env), indexed: indexed(checked.data) };
    },
  };
}

/**
 * A row of a type, in a term's schema: stored filters name it by its number, `{ template: 7 }`, and whoever asks from
 * outside by its global id, `{ templateId: "…" }`.
 */
export function idOf(type: string) {
  return z.int().positive().meta({ idOf: type });
}

/** All of the predicates; true when there are none. */
export function allOf(predicates: readonly SQL[]): SQL {
  return joined(predicates, " AND ", "1");
}

/** Any of the predicates; false when there are none. */
export function anyOf(predicates: readonly SQL[]): SQL {
  return joined(predicates, " OR ", "0");
}

function joined(predicates: readonly SQL[], word: " AND " | " OR ", none: "0" | "1"): SQL {
  const [first] = predicates;
  if (!first) return sql.raw(none);
  return predicates.length === 1 ? first : sql`(${sql.join([...predicates], sql.raw(word))})`;
}

/** Whether `value` is in the list; the list travels as one JSON parameter, so its length costs no placeholders. */
export function oneOf(value: SQL, list: readonly (string | number)[]): SQL {
  return sql`${value} IN (SELECT value FROM json_each(${JSON.stringify(list)}))`;
}

/** The longest list a condition takes. */
export const listLimit = 1_000;

/** A list of at most {@link listLimit} values, at least one. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.array(item).min(1).max(listLimit);
}

/** Refuses `{}`: a condition that asks nothing is a mistake. */
export function asksSomething(argument: object): boolean {
  return Object.values(argument).some((value) => value !== undefined);
}

/** The message that goes with {@link asksSomething}. */
export const asksNothing = "name at least one operator";
