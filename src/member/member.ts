import { inArray, type SQL, sql } from "drizzle-orm";
import { liveMember } from "../audience/audience.ts";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";
import { externalIdForms } from "../value/external-id.ts";
import type { PushToken } from "./member-item.ts";
import { consent, type Member, type MemberRow, memberColumns, memberOf, memberTag, pushToken } from "./table.ts";

export type { Member } from "./table.ts";

/** By which of its ids a member is meant. */
export type MemberKey = { readonly id: string } | { readonly externalId: string } | { readonly seq: number };

/** The member of this id, unless erased. */
export async function findMember(ctx: Context, key: MemberKey): Promise<Member | undefined> {
  const row = await ctx.db.first<MemberRow>(
    sql`SELECT ${memberColumns} FROM member m WHERE ${isMember(key)} AND ${liveMember}`,
  );
  return row && memberOf(row);
}

/** The predicate over `m` that a key means. */
export function isMember(key: MemberKey): SQL {
  if ("id" in key) return sql`m.id = ${key.id}`;
  if ("externalId" in key) return isNamed(externalIdForms(key.externalId));
  return sql`m.seq = ${key.seq}`;
}

/** Who bears the id in its canonical form comes before whoever took it in another. */
function isNamed([canonical, ...others]: readonly [string, ...string[]]): SQL {
  if (others.length === 0) return sql`m.external_id = ${canonical}`;
  const forms = sql`SELECT value FROM ${rows([canonical, ...others])}`;
  return sql`m.seq = (SELECT seq FROM member WHERE external_id IN (${forms})
    ORDER BY external_id = ${canonical} DESC LIMIT 1)`;
}

/** The live members of these `seq`, in the order asked, with `undefined` for those that are not there. */
export async function membersBySeq(ctx: Context, seqs: readonly number[]): Promise<(Member | undefined)[]> {
  const found = await ctx.db.all<MemberRow>(
    sql`SELECT ${memberColumns} FROM member m WHERE m.seq IN (SELECT value FROM ${rows(seqs)}) AND ${liveMember}`,
  );
  const bySeq = new Map(found.map((row) => [row.seq, memberOf(row)]));
  return seqs.map((seq) => bySeq.get(seq));
}

/** The tags of each of these members, sorted. */
export async function tagsOf(ctx: Context, seqs: readonly number[]): Promise<ReadonlyMap<number, string[]>> {
  const found = await ctx.db.orm
    .select()
    .from(memberTag)
    .where(inArray(memberTag.member, [...seqs]));
  return grouped(found, (row) => row.tag);
}

/** What each of these members said about being written to. */
export async function consentsOf(ctx: Context, seqs: readonly number[]): Promise<ReadonlyMap<number, ConsentWord[]>> {
  const found = await ctx.db.orm
    .select()
    .from(consent)
    .where(inArray(consent.member, [...seqs]));
  return grouped(found, (row) => row);
}
export type ConsentWord = typeof consent.$inferSelect;

/** The push tokens of each of these members, with the channel that each is of. */
export async function pushTokensOf(ctx: Context, seqs: readonly number[]): Promise<ReadonlyMap<number, PushToken[]>> {
  const found = await ctx.db.orm
    .select()
    .from(pushToken)
    .where(inArray(pushToken.member, [...seqs]));
  return grouped(found, ({ channel, token }) => ({ channel, token }));
}

function grouped<Row extends { readonly member: number }, T>(
  found: readonly Row[],
  value: (row: Row) => T,
): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of found) groups.set(row.member, [...(groups.get(row.member) ?? []), value(row)]);
  return groups;
}
