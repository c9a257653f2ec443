import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../context.ts";
import { refuse } from "../errors.ts";
import { formerly, subjectOf } from "../transition/audit.ts";

/** A person who works with Fanfare. Tokens belong to persons; where two have to agree, two persons have to. */
export interface Operator {
  readonly id: number;
  /** As it was first written; the audit names it. */
  readonly name: string;
  /** The number of the only shop that the person works for; empty: all of them. */
  readonly shop: string;
}

/** What a person, or a token, is called. */
export const personName = z.string().trim().min(1, "give it a name, so that you know later whose it is").max(100);

/** The tokens `t`, of operators `o`, with which tokens can be made: what stands behind FROM. */
export const adminTokens = sql`access_token t JOIN operator o ON o.id = t.operator AND o.shop = ''
  WHERE t.kind = 'operator' AND t.role = 'admin' AND t.revoked_at IS NULL`;

/**
 * The operator of a name, made where there is none; in the transaction that it is given. `Kim`, `KIM` and `kim ` are
 * one person, who works for one shop or for all: CONFLICT where it is said to be another than it is, and for a name
 * that somebody once had.
 */
export async function operatorNamed(tx: Context, name: string, shop: string | undefined) {
  const folded = foldName(name);
  // All of them are looked at, for those of old databases were folded as far as SQLite can.
  const known = await tx.db.all<Operator>(sql`SELECT id, name, shop FROM operator ORDER BY id`);
  const found = known.find((each) => foldName(each.name) === folded);
  if (found) return shop === undefined || shop === found.shop ? found : worksElsewhere(found);
  const taken = await onceCalled(tx, name, known);
  if (taken) return taken;
  const made = await tx.db.first<Operator>(sql`
    INSERT INTO operator (name, folded, shop, created_at) VALUES (${name}, ${folded}, ${shop ?? ""}, ${tx.clock()})
    RETURNING id, name, shop`);
  if (!made) throw new Error("the insert answered no operator");
  return made;
}

function worksElsewhere({ name, shop }: Operator) {
  return refuse.conflict(
    `${name} works for ${shop === "" ? "all shops" : `the shop ${JSON.stringify(shop)}`} already.`,
  );
}

/** Refuses a name that one of these once had: the audit calls them so, and who comes with it may be the same person. */
export async function onceCalled(tx: Context, name: string, persons: readonly Operator[]) {
  const folded = foldName(name);
  const former = await formerly(tx, "operator", "name");
  const theirs = new Set(former.filter(({ said }) => foldName(said) === folded).map(({ subject }) => subject));
  const found = persons.find(({ id }) => theirs.has(subjectOf("operator", id)));
  return found && refuse.conflict(`${name} was the name of ${found.name}; choose another name, or name them so.`);
}

/** A name as it is compared: one form of each letter, no invisible ones, single blanks, small. */
export function foldName(name: string): string {
  const visible = name.replace(/\p{Cf}/gu, "").normalize("NFKC");
  return visible.replace(/\s+/gu, " ").trim().toLowerCase();
}
