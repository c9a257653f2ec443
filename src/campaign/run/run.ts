import { and, asc, desc, eq, inArray, lt } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { type Run, runTable } from "../table.ts";

export type { Run } from "../table.ts";

export async function findRun(ctx: Context, id: number): Promise<Run | undefined> {
  const [run] = await ctx.db.orm.select().from(runTable).where(eq(runTable.id, id));
  return run;
}

/** The runs of these ids in the order asked, with `undefined` for those that are not there. */
export async function runsById(ctx: Context, ids: readonly number[]): Promise<(Run | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(runTable)
    .where(inArray(runTable.id, [...ids]));
  return inOrder(ids, found);
}

/** The runs of these campaigns that wait for a second person, the oldest first. */
export function runsInReview(ctx: Context, campaigns: readonly number[]): Promise<Run[]> {
  return ctx.db.orm
    .select()
    .from(runTable)
    .where(and(eq(runTable.state, "IN_REVIEW"), inArray(runTable.campaign, [...campaigns])))
    .orderBy(asc(runTable.id));
}

/** The occurrences of a campaign or of all, newest first; `after` is the last id of the page before. */
export function listRuns(
  ctx: Context,
  { campaign, after, limit }: { campaign?: number | undefined; after?: number | undefined; limit: number },
): Promise<Run[]> {
  return ctx.db.orm
    .select()
    .from(runTable)
    .where(
      and(
        campaign === undefined ? undefined : eq(runTable.campaign, campaign),
        after === undefined ? undefined : lt(runTable.id, after),
      ),
    )
    .orderBy(desc(runTable.id))
    .limit(limit);
}
