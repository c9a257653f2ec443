import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { unitsLeft, whatIsShort } from "../coupon/issue/issue-rules.ts";
import { rows } from "../db/bulk.ts";
import type { FileRow } from "../file/file.ts";
import { type KeyColumn, keyKinds, type Named, namedBy } from "./columns.ts";
import type { FirstRows } from "./first-rows.ts";
import type { Giving } from "./giving.ts";
import { isTooLongForReports, tooLongForReports } from "./neutral.ts";
import type { CellReading } from "./report-columns.ts";
import { against, memberOf } from "./rows.ts";

/** A row of the file: whom it names, or what is wrong with it. */
export interface ReadRow {
  readonly row: number;
  /** JSON. */
  readonly cells: string;
  readonly named: Named;
}

export function readRow(read: FileRow, columns: readonly KeyColumn[], { own, naming }: CellReading): ReadRow {
  const { row } = read;
  if ("fault" in read) return { row, cells: "[]", named: read.fault };
  const cells = own(read.cells);
  const long = cells.findIndex(isTooLongForReports);
  if (long >= 0) return { row, cells: "[]", named: { column: long + 1, message: tooLongForReports } };
  return { row, cells: JSON.stringify(cells), named: namedBy(columns, naming(cells)) };
}

/** A row that is to get a coupon. */
export interface GivenRow extends ReadRow {
  readonly member: number;
}

/** A row that is left out, as its table has it. */
export interface LeftOutRow {
  readonly row: number;
  /** JSON. */
  readonly cells: string;
  readonly said: string;
  readonly member?: number;
  readonly named?: string;
  readonly column?: number | null;
  readonly message?: string | null;
  readonly other?: number;
}

/** Which rows are to get a coupon, as many as there are left, and why the others are not. */
export async function predicted(ctx: Context, giving: Giving, read: readonly ReadRow[], first: FirstRows) {
  const found = await membersOf(ctx, giving, read);
  const toGive: GivenRow[] = [];
  const leftOut: LeftOutRow[] = [];
  for (const row of read) {
    const against = leftOutFor(row, found.get(row.row), first);
    if (typeof against === "number") toGive.push({ ...row, member: against });
    else leftOut.push({ row: row.row, cells: row.cells, ...against });
  }
  const { left, shortage } = await stockLeft(ctx, giving);
  const short = toGive.slice(left).map(({ row, cells, member }) => {
    return { row, cells, member, said: `OUT_OF_STOCK/${shortage}` };
  });
  return { given: toGive.slice(0, left), leftOut: [...leftOut, ...short] };
}

/** What speaks against a row before stock is asked for; else the member that it names. */
function leftOutFor(
  { row, named }: ReadRow,
  found: Found | undefined,
  first: FirstRows,
): number | Omit<LeftOutRow, "row" | "cells"> {
  if (!("key" in named)) {
    const cause = named.message === null ? "NOBODY_NAMED" : "UNREADABLE";
    return { said: `INVALID/${cause}`, column: named.column, message: named.message };
  }
  const told = { named: `${named.kind}:${named.key}`, column: named.column };
  if (!found) return { said: "UNKNOWN_MEMBER/", ...told };
  const { member, against } = found;
  if (member < 0) return { said: "INVALID/SEVERAL_MEMBERS", ...told };
  const other = first.before(member, row);
  if (other !== undefined) return { said: "DUPLICATE/", member, other };
  return against === null ? member : { said: against, member };
}

/** How many more there are behind those that are predicted to get one already, and what it is that runs out. */
async function stockLeft(ctx: Context, { id, template }: Giving) {
  const row = await ctx.db.first<{ left: number; shortage: string }>(sql`
    SELECT ${unitsLeft(template)} AS left, ${whatIsShort(template)} AS shortage`);
  const before = await ctx.db.first<{ predicted: number }>(sql`
    SELECT predicted FROM distribution_count WHERE distribution = ${id} AND outcome = 'ISSUED'`);
  return { left: Math.max(0, (row?.left ?? 0) - (before?.predicted ?? 0)), shortage: row?.shortage ?? "SOLD_OUT" };
}

/** Who is meant, and what speaks against giving them one. */
interface Found {
  /** −1: several. */
  readonly member: number;
  /** E.g. `NOT_ELIGIBLE/ENDED`. */
  readonly against: string | null;
}

/** Whom these rows name, by row; those are missing who are not there. */
async function membersOf(ctx: Context, giving: Giving, read: readonly ReadRow[]): Promise<Map<number, Found>> {
  const found = new Map<number, Found>();
  const now = ctx.clock();
  for (const kind of keyKinds) {
    const keys = read.flatMap(({ row, named }) => ("key" in named && named.kind === kind ? [[row, named.key]] : []));
    if (keys.length === 0) continue;
    const meant = sql`
      SELECT value ->> 0 AS row, ${memberOf(kind, sql`value ->> 1`)} AS member FROM ${rows(keys)} LIMIT -1`;
    // As one text: an object for each row would cost more than all else of the look-up.
    const answer = await ctx.db.first<{ found: string }>(sql`
      SELECT json_group_array(json_array(row, member,
        CASE WHEN member > 0 THEN ${against(giving, sql`f.member`, now)} END)) AS found
      FROM (${meant}) f WHERE member IS NOT NULL`);
    const page: [number, number, string | null][] = JSON.parse(answer?.found ?? "[]");
    for (const [row, member, against] of page) found.set(row, { member, against });
  }
  return found;
}
