import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";

/** A person who works with Fanfare. Tokens belong to persons; where two have to agree, two persons have to. */
export interface Operator {
  readonly id: number;
  /** As it was first written; the audit names it. */
  readonly name: string;
}

/**
 * The operator of a name, made where there is none; in the transaction that it is given. `Kim`, `KIM` and `kim ` are
 * one person.
 */
export async function operatorNamed(tx: Context, name: string): Promise<Operator> {
  const folded = foldName(name);
  // All of them are looked at, for those of old databases were folded as far as SQLite can.
  const known = await tx.db.all<Operator>(sql`SELECT id, name FROM operator ORDER BY id`);
  const found = known.find((each) => foldName(each.name) === folded);
  if (found) return found;
  const made = await tx.db.first<Operator>(sql`
    INSERT INTO operator (name, folded, created_at) VALUES (${name}, ${folded}, ${tx.clock()}) RETURNING id, name`);
  if (!made) throw new Error("the insert answered no operator");
  return made;
}

/** A name as it is compared: one form of each letter, no invisible ones, single blanks, small. */
export function foldName(name: string): string {
  const visible = name.replace(/\p{Cf}/gu, "").normalize("NFKC");
  return visible.replace(/\s+/gu, " ").trim().toLowerCase();
}
