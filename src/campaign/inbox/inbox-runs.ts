import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";

/** The runs that are not over, as they stood at one moment. */
export interface OpenRuns {
  /** By id: whether it may be writing messages now. */
  readonly open: ReadonlyMap<number, boolean>;
  /** The highest id of any run. */
  readonly top: number;
}

export async function openRuns(ctx: Context): Promise<OpenRuns> {
  // The partial index run_unfinished holds all that is asked.
  const found = await ctx.db.all<{ id: number; state: string }>(sql`
    SELECT id, state FROM run WHERE state IN ('PENDING', 'IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING')`);
  const newest = await ctx.db.first<{ id: number | null }>(sql`SELECT max(id) AS id FROM run`);
  return {
    open: new Map(found.map(({ id, state }) => [id, state === "RUNNING" || state === "CANCELLING"])),
    top: newest?.id ?? 0,
  };
}

/**
 * The runs that may have written messages between two moments: those that are under way, those that were open before
 * and are over, and those that came and went in between. Order tells nothing here, for a run that was paused may write
 * after a newer one.
 */
export function runsToLookAt(before: OpenRuns, now: OpenRuns): number[] {
  const live = [...now.open].flatMap(([id, writing]) => (writing ? [id] : []));
  const ended = [...before.open.keys()].filter((id) => !now.open.has(id));
  const paused = [...before.open].flatMap(([id, writing]) => (writing && now.open.get(id) === false ? [id] : []));
  const between = Array.from({ length: Math.max(0, now.top - before.top) }, (_, i) => before.top + 1 + i);
  return [...new Set([...live, ...ended, ...paused, ...between.filter((id) => !now.open.has(id))])];
}
