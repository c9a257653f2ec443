import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Cause, Outcome } from "./table.ts";

/** A row of the file that gets no coupon, or is predicted to get none. */
export interface LeftOut {
  /** As a spreadsheet counts; the header is row 1. */
  readonly row: number;
  /** As they were; empty once the member was erased or the cells were forgotten. */
  readonly cells: readonly string[];
  readonly member: number | null;
  readonly outcome: Outcome;
  readonly cause: Cause | null;
  /** Of the cell that is to blame, from 1; null: the row as a whole. */
  readonly column: number | null;
  /** What is wrong with that cell. */
  readonly message: string | null;
  /** The first row of the same member. */
  readonly other: number | null;
}

interface Page {
  readonly distribution: number;
  readonly outcome?: Outcome | undefined;
  /** The row behind which it begins. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/**
 * Rows that are left out, in the order of the file: predicted until their turn comes, and true from then on. The caller
 * knows that the distribution is in reach.
 */
export function leftOutRows(ctx: Pick<Context, "db">, page: Page): Promise<LeftOut[]> {
  const { distribution, outcome, after = 0, limit } = page;
  return readLeftOut(
    ctx,
    sql`distribution = ${distribution} AND row > ${after}
      AND ${outcome === undefined ? sql`1` : sql`outcome = ${outcome}`} ORDER BY row LIMIT ${limit}`,
  );
}

/** The first rows in which the file itself is at fault: they cannot be read, or name nobody who is there. */
export async function firstFaults(ctx: Pick<Context, "db">, distribution: number, limit: number): Promise<LeftOut[]> {
  const outcomes = ["INVALID", "UNKNOWN_MEMBER"] as const;
  const found = await Promise.all(outcomes.map((outcome) => leftOutRows(ctx, { distribution, outcome, limit })));
  return found
    .flat()
    .sort((one, other) => one.row - other.row)
    .slice(0, limit);
}

async function readLeftOut(ctx: Pick<Context, "db">, where: SQL): Promise<LeftOut[]> {
  const found = await ctx.db.all<Omit<LeftOut, "cells"> & { readonly cells: string | null }>(sql`
    SELECT row, cells, member, outcome, cause, "column", message, other_row AS other FROM distribution_left_out
    WHERE ${where}`);
  return found.map((row) => ({ ...row, cells: row.cells === null ? [] : JSON.parse(row.cells) }));
}
