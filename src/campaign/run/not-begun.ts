import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { endSchedule, takeBackFired } from "../../schedule/start.ts";
import { armRun, type RunStart } from "./start.ts";

/*
 * A run begins when it freezes whom and what it sends, in the one statement that makes it RUNNING. Until then it is
 * nothing but a time: a campaign none of whose runs has begun may be edited, moved and taken back.
 */

/** The runs of a campaign that have not begun; one is FAILED whose message the queue has given up. */
export function notBegun(campaign: number): SQL {
  return sql`campaign = ${campaign} AND frozen IS NULL AND state IN ('PENDING', 'FAILED', 'IN_REVIEW')`;
}

/** Whether one has, and so somebody may have been reached. To be asked in the transaction that relies on it. */
export async function hasBegun({ db }: Context, campaign: number): Promise<boolean> {
  return (
    (await db.first(sql`SELECT 1 FROM run WHERE campaign = ${campaign} AND frozen IS NOT NULL LIMIT 1`)) !== undefined
  );
}

/** The statements that take them back: they were never there. What the queue still has for them finds nothing. */
export function takeBackRuns(ctx: Context, campaign: number): Query[] {
  const times = sql`SELECT coalesce(planned_at, due_at) FROM run WHERE ${notBegun(campaign)}`;
  return [
    ...takeBackFired(ctx, "campaign", campaign, times),
    sql`DELETE FROM run WHERE ${notBegun(campaign)}`,
    ...endSchedule(ctx, "campaign", campaign),
  ];
}

/**
 * Lets them wait for their start again, and moves it where one is said; inside a transaction only. Each has a message
 * afterwards, for one that comes meanwhile finds another campaign than it read, and does nothing.
 */
export async function waitAgain(ctx: Context, campaign: number, start: RunStart | undefined): Promise<void> {
  const waiting = await ctx.db.all<{ id: number; due_at: number }>(sql`
    UPDATE run SET state = 'PENDING', review = NULL, completed_at = NULL, ${beginning(start)}
    WHERE ${notBegun(campaign)} RETURNING id, due_at`);
  for (const { id, due_at } of waiting) await ctx.db.write(armRun(ctx, id, due_at));
}

/**
 * Leaves each of them a message again, and moves them where another start is said; inside a transaction only. Those
 * that wait for a person still do.
 */
export async function moveRuns(ctx: Context, campaign: number, start: RunStart | undefined): Promise<void> {
  const waiting = await ctx.db.all<{ id: number; due_at: number }>(sql`
    UPDATE run SET ${beginning(start)} WHERE ${notBegun(campaign)} RETURNING id, due_at`);
  for (const { id, due_at } of waiting) await ctx.db.write(armRun(ctx, id, due_at));
}

function beginning(start: RunStart | undefined): SQL {
  return start ? sql`due_at = ${start.dueAt}, wall = ${start.wall}` : sql`due_at = due_at`;
}
