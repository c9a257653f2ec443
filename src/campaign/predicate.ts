import type { SQL } from "drizzle-orm";
import { z } from "zod";
import { compile, embed } from "../db/statement.ts";

/** A compiled condition over member `m` as a run freezes it. */
export const Predicate = z.object({
  sql: z.string(),
  args: z.array(z.union([z.string(), z.number(), z.null()])),
});
export type Predicate = z.infer<typeof Predicate>;

export function frozenPredicate(condition: SQL): Predicate {
  const { sql, args } = compile(condition);
  return { sql, args: args.map(storable) };
}

export function fromFrozen({ sql, args }: Predicate): SQL {
  return embed({ sql, args: [...args] });
}

function storable(value: unknown): string | number | null {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") return Number(value);
  throw new TypeError(`a filter holds a ${typeof value}, which cannot be stored`);
}
