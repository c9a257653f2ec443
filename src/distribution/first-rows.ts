import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";

/*
 * Which members a file has named so far, and in which row first. It is worked out from the rows that are written, and
 * kept in memory while a file is read: an index of the database would be written anew, all of it, by each thousand rows.
 */

/** The first row of each member of a file, and who got a coupon by the files before it. */
export interface FirstRows {
  /** The row in which the member (by `seq`) was named first, if one before this was; else it is this one from now on. */
  before(member: number, row: number): number | undefined;
  /** Whether the member was given a coupon by a distribution that this one follows. */
  hasOne(member: number): boolean;
}

/** What the rows that are written say, and the distributions of its chain. */
export async function firstRows(
  ctx: Context,
  { id, chain }: { readonly id: number; readonly chain: number | null },
): Promise<FirstRows> {
  const highest = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  const size = (highest?.seq ?? 0) + 1;
  const [rows, ones] = [bySeq(size), bySeq(chain === null ? 0 : size)];
  for await (const { member, row } of givenRows(ctx, id)) rows.set(member, row);
  for await (const { member, row } of firstLeftOut(ctx, id)) rows.set(member, row);
  for (const each of await earlier(ctx, id, chain))
    for await (const { member } of givenRows(ctx, each, "DONE")) ones.set(member, 1);
  return {
    before(member, row) {
      const first = rows.get(member);
      if (first === 0) rows.set(member, row);
      return first || undefined;
    },
    hasOne: (member) => ones.get(member) > 0,
  };
}

async function earlier(ctx: Context, id: number, chain: number | null): Promise<number[]> {
  if (chain === null) return [];
  const found = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM distribution WHERE (id = ${chain} OR chain = ${chain}) AND id < ${id} ORDER BY id`);
  return found.map((each) => each.id);
}

interface NamedRow {
  readonly member: number;
  readonly row: number;
}

/** The rows that are to get a coupon; of blocks in one state alone those that got one. */
async function* givenRows(ctx: Context, id: number, state?: "DONE"): AsyncGenerator<NamedRow> {
  const blocks = await ctx.db.all<{ to: number }>(sql`
    SELECT to_row AS "to" FROM distribution_block
    WHERE distribution = ${id} AND ${state ? sql`state = ${state}` : sql`1`} ORDER BY to_row`);
  for (const { to } of blocks) {
    yield* await ctx.db.all<NamedRow>(sql`
      SELECT member, row FROM distribution_given WHERE distribution = ${id} AND block = ${to}`);
  }
}

/** Rows that are read at once. */
const pageRows = 5_000;

/** The first rows of members who are left out. */
async function* firstLeftOut(ctx: Context, id: number): AsyncGenerator<NamedRow> {
  for (let after = 0; ; ) {
    const page = await ctx.db.all<{ member: number | null; row: number; other: number | null }>(sql`
      SELECT member, row, other_row AS other FROM distribution_left_out
      WHERE distribution = ${id} AND row > ${after} ORDER BY row LIMIT ${pageRows}`);
    for (const { member, row, other } of page) if (member !== null && other === null) yield { member, row };
    const last = page.at(-1);
    if (!last || page.length < pageRows) return;
    after = last.row;
  }
}

/** A number for each member, 0 unless it was set. */
function bySeq(size: number) {
  let numbers = new Uint32Array(size);
  return {
    get: (member: number) => numbers[member] ?? 0,
    set(member: number, value: number): void {
      if (member >= numbers.length) {
        const larger = new Uint32Array(Math.max(member + 1, numbers.length * 2));
        larger.set(numbers);
        numbers = larger;
      }
      numbers[member] = value;
    },
  };
}
