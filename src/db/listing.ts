import { type SQL, sql } from "drizzle-orm";

/** In which orders lists of things come that have an `id` and a `name`. */
type ListOrder = "NEWEST" | "OLDEST" | "NAME";

/** What such a list is asked for besides its own filters. */
export interface Listed {
  /** Text that the name holds somewhere; capitals of A–Z do not matter. */
  readonly search?: string | undefined;
  /** NEWEST unless given. */
  readonly order?: ListOrder | undefined;
}

/** Whether a row's name holds what is searched; such tables are small, and read whole. */
export function isFound({ search }: Listed): SQL | undefined {
  return search ? sql`instr(lower(name), lower(${search})) > 0` : undefined;
}

/** Whether a row of the table comes behind the one of this id. */
export function isBehind(table: SQL, { order = "NEWEST" }: Listed, after: number | undefined): SQL | undefined {
  if (after === undefined) return undefined;
  if (order === "NEWEST") return sql`id < ${after}`;
  if (order === "OLDEST") return sql`id > ${after}`;
  return sql`(lower(name), id) > (SELECT lower(name), id FROM ${table} WHERE id = ${after})`;
}

/** For `ORDER BY`; ends in the id, so that it is stable. */
export function inListOrder({ order = "NEWEST" }: Listed): SQL {
  if (order === "NAME") return sql`lower(name), id`;
  return order === "NEWEST" ? sql`id DESC` : sql`id`;
}
