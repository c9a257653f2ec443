import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";

/*
 * Which members a file has named so far, and in which row first. It is worked out from the rows that are written, and
 * kept in memory while a file is read: each thousand rows would write an index of the database anew, all of it.
 */

/** The first row of each member of a file. */
export interface FirstRows {
  /** The row in which a member (by `seq`) was named first, if one before this was; else it is this one from now on. */
  before(member: number, row: number): number | undefined;
}

/** What the rows that are written say. */
export async function firstRows(ctx: Context, id: number): Promise<FirstRows> {
  const highest = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  const rows = bySeq((highest?.seq ?? 0) + 1);
  for await (const { member, row } of givenRows(ctx, id)) rows.set(member, row);
  for await (const { member, row } of firstLeftOut(ctx, id)) rows.set(member, row);
  return {
    before(member, row) {
      const first = rows.get(member);
      if (first === 0) rows.set(member, row);
      // The row itself, where the database took it back and it is written again.
      return first === 0 || first === row ? undefined : first;
    },
  };
}

interface NamedRow {
  readonly member: number;
  readonly row: number;
}

/** The rows that are to get a coupon. */
async function* givenRows(ctx: Context, id: number): AsyncGenerator<NamedRow> {
  const blocks = await ctx.db.all<{ to: number }>(sql`
    SELECT to_row AS "to" FROM distribution_block WHERE distribution = ${id} ORDER BY to_row`);
  for (const { to } of blocks) {
    await new Promise<void>(ctx.timers.soon);
    yield* await ctx.db.all<NamedRow>(sql`
      SELECT member, row FROM distribution_given WHERE distribution = ${id} AND block = ${to}`);
  }
}

/** Rows that are read at once. */
const pageRows = 5_000;

/** The first rows of members who are left out. */
async function* firstLeftOut(ctx: Context, id: number): AsyncGenerator<NamedRow> {
  for (let after = 0; ; ) {
    await new Promise<void>(ctx.timers.soon);
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
