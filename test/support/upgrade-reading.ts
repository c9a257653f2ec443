import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";

/** More than there is of anything. */
export const all = 1_000;

/** What a reader answers of each thing, the oldest first. */
export async function inOrder<T, Read extends { readonly [name: string]: unknown } | null>(
  found: readonly (T | undefined)[],
  read: (each: T) => Promise<Read>,
): Promise<object[]> {
  const answers = await Promise.all(found.filter((each) => each !== undefined).map(read));
  const there = answers.filter((answer) => answer !== null).map(lean);
  return there.sort((a, b) => keyOf(a) - keyOf(b));
}

function keyOf(answer: { readonly [name: string]: unknown }): number {
  return Number(answer.id ?? answer.campaign);
}

/** Without what is not there. */
export function lean(answer: { readonly [name: string]: unknown }): { readonly [name: string]: unknown } {
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== null && value !== undefined));
}

export async function countWhere(ctx: Context, where: SQL): Promise<number> {
  const row = await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM member m WHERE ${where}`);
  return row?.n ?? 0;
}

export async function idsOf(ctx: Context, table: string): Promise<number[]> {
  const rows = await ctx.db.all<{ id: number }>(sql`SELECT id FROM ${sql.raw(table)} ORDER BY id`);
  return rows.map(({ id }) => id);
}
