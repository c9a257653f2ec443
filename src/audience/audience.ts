import { type SQL, sql } from "drizzle-orm";
import type { AudienceEnv, Condition } from "./term.ts";

/**
 * A checked filter. The language: `{ and: [F, …] }`, `{ or: [F, …] }`, `{ not: F }`, or one term with its argument,
 * e.g.
 * `{ level: { gte: 3 } }`; always exactly one key. Operators named together must all hold.
 *
 * Every filter is true or false of every member, and `not` is its exact complement. Where a member has no value, each
 * operator answers no, except `ne` ("is not that value": yes) and `exists: false`.
 */
export interface Audience {
  /** The filter as it was given: JSON, fit to be stored and parsed again. */
  readonly filter: unknown;
  readonly condition: Condition;
}

/** Bounds that keep the compiled predicate within what SQLite parses and an operator understands. */
export const audienceLimits = { depth: 8, nodes: 200 } as const;

/** Members who can be in an audience at all; the caller adds it to every compiled filter. */
export const liveMember: SQL = sql`m.deleted_at IS NULL`;

/** The audience of every live member. */
export const everyone: Audience = { filter: null, condition: { predicate: () => sql`1`, indexed: false } };

/** The audience as one parameterised predicate over the alias `m` of `member`; true or false for every row. */
export function compileAudience(audience: Audience, env: AudienceEnv): SQL {
  return audience.condition.predicate(env);
}
