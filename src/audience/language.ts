import { sql } from "drizzle-orm";
import { type InvalidInput, type Issue, refuse } from "../errors.ts";
import { type Audience, audienceLimits } from "./audience.ts";
import { type AudienceTerm, allOf, anyOf, type Condition } from "./term.ts";

/** Where something stands in an input. */
export type Path = readonly (string | number)[];

/** The language of filters, made of the terms of every domain: one for all who ask for whom something is. */
export interface AudienceLanguage {
  readonly terms: readonly AudienceTerm[];
  /**
   * Checks a filter. INVALID_INPUT names each fault's place, e.g. `and.1.level.gte`, after `at`, the filter's own place
   * in a larger input.
   */
  parse(filter: unknown, at?: Path): Audience | InvalidInput;
}

/** Makes the language of these terms. Throws where two have one name. */
export function audienceLanguage(terms: readonly AudienceTerm[]): AudienceLanguage {
  const byName = new Map(terms.map((term) => [term.name, term]));
  if (byName.size < terms.length) throw new Error("two audience terms have one name");
  return {
    terms,
    parse: (filter, at = []) => {
      const reading: Reading = { terms: byName, issues: [], nodes: 0 };
      const condition = readFilter(reading, filter, at, 1);
      return reading.issues.length > 0 ? refuse.invalid(reading.issues) : { filter, condition };
    },
  };
}

interface Reading {
  readonly terms: ReadonlyMap<string, AudienceTerm>;
  readonly issues: Issue[];
  nodes: number;
}

const never: Condition = { predicate: () => sql`0`, indexed: false };

function readFilter(reading: Reading, input: unknown, path: Path, depth: number): Condition {
  const fault = (message: string, at = path) => {
    reading.issues.push({ path: at.join("."), message });
    return never;
  };
  reading.nodes++;
  if (reading.nodes > audienceLimits.nodes)
    return reading.nodes === audienceLimits.nodes + 1
      ? fault(`the filter has more than ${audienceLimits.nodes} conditions`)
      : never;
  if (depth > audienceLimits.depth) return fault(`the filter is nested deeper than ${audienceLimits.depth}`);
  if (typeof input !== "object" || input === null || Array.isArray(input))
    return fault("a filter is an object with one key");
  const [only, ...more] = Object.entries(input).filter(([, value]) => value !== undefined);
  if (!only || more.length > 0)
    return fault(`a filter has exactly one key, this has ${only ? more.length + 1 : "none"}`);
  const [key, argument] = only;
  const below = [...path, key];
  if (key === "and" || key === "or") {
    if (!Array.isArray(argument) || argument.length === 0) return fault("a list of at least one filter", below);
    const parts = argument.map((part, i) => readFilter(reading, part, [...below, i], depth + 1));
    return key === "and" ? every(parts) : some(parts);
  }
  if (key === "not") {
    const part = readFilter(reading, argument, below, depth + 1);
    return { predicate: (env) => sql`(NOT ${part.predicate(env)})`, indexed: false };
  }
  return readTerm(reading, key, argument, below);
}

function every(parts: readonly Condition[]): Condition {
  return {
    predicate: (env) => allOf(parts.map((part) => part.predicate(env))),
    indexed: parts.some(({ indexed }) => indexed),
    combined: true,
  };
}

/**
 * SQLite joins the indexes of single terms; of branches that are combinations themselves it may read every member
 * instead.
 */
function some(parts: readonly Condition[]): Condition {
  return {
    predicate: (env) => anyOf(parts.map((part) => part.predicate(env))),
    indexed: parts.every(({ indexed, combined }) => indexed && !combined),
    combined: true,
  };
}

function readTerm({ terms, issues }: Reading, key: string, argument: unknown, path: Path): Condition {
  const term = terms.get(key);
  if (!term) {
    const known = ["and", "or", "not", ...terms.keys()].join(", ");
    issues.push({ path: path.join("."), message: `there is no condition of this name; there are ${known}` });
    return never;
  }
  const condition = term.read(argument, path);
  if ("predicate" in condition) return condition;
  issues.push(...condition);
  return never;
}
