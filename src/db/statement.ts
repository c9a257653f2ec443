import type { InValue } from "@libsql/client";
import { is, Placeholder, type SQL, sql } from "drizzle-orm";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";

/** A compiled statement: SQL text with `?` placeholders and their values in order. */
export interface Statement {
  readonly sql: string;
  readonly args: InValue[];
  /** Who hears of its commit; see {@link notifying}. */
  readonly notifies?: string;
}

/** What the database takes: a compiled statement, a `sql` template, or a query of Drizzle's builder. */
export type Query = Statement | SQL | { toSQL(): { sql: string; params: unknown[] } };

const dialect = new SQLiteAsyncDialect();

/** Compiles any query to text and values. */
export function compile(query: Query): Statement {
  if ("args" in query) return query;
  const { sql: text, params } = "toSQL" in query ? query.toSQL() : dialect.sqlToQuery(query);
  return { sql: text, args: params.map(bindable) };
}

/**
 * A query of which the text is made once, when it is first asked; each call brings the values for its places. The same
 * text is also what a connection keeps ready to run.
 *
 *     const couponsOf = prepared<{ member: number }>((it) => sql`SELECT id FROM coupon WHERE member = ${it.member}`);
 *     const rows = await db.all<{ id: number }>(couponsOf({ member: 7 }));
 */
export function prepared<Values extends object>(
  make: (places: Readonly<Record<keyof Values, Placeholder>>) => SQL,
): (values: Values) => Statement {
  let made: { readonly text: string; readonly params: readonly unknown[] } | undefined;
  return (values) => {
    made ??= textOf(make(places as Record<keyof Values, Placeholder>));
    const filled = (param: unknown) => (is(param, Placeholder) ? values[param.name as keyof Values] : param);
    return { sql: made.text, args: made.params.map((param) => bindable(filled(param))) };
  };
}

/** A place of any name: the types say which names there are. */
const places = new Proxy({}, { get: (_, name) => sql.placeholder(String(name)) });

function textOf(query: SQL) {
  const { sql: text, params } = dialect.sqlToQuery(query);
  return { text, params };
}

/** Marks a query: whoever listens to commits by this name hears when one made rows durable that it wrote. */
export function notifying(name: string, query: Query): Statement {
  return { ...compile(query), notifies: name };
}

/**
 * Turns a compiled statement (for example one that was stored when a run froze its audience) back into
 * a template, so that it can stand inside a larger one.
 */
export function embed({ sql: text, args }: Statement): SQL {
  const pieces = text.split("?");
  const holes = pieces.length - 1;
  if (holes !== args.length) throw new Error(`a stored predicate has ${holes} places for ${args.length} values`);
  return sql.join(pieces.flatMap((piece, i) => (i < holes ? [sql.raw(piece), sql`${args[i]}`] : [sql.raw(piece)])));
}

/** The value as SQLite takes it. */
export function bindable(value: unknown): InValue {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "string":
    case "bigint":
    case "boolean":
      return value;
    case "number":
      // The client binds a plain number as REAL, and then `7 / 2` is 3.5: whole numbers travel as integers.
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    default:
      if (value instanceof Uint8Array || value instanceof Date) return value;
      throw new TypeError(`a ${typeof value} cannot be bound to a statement`);
  }
}
