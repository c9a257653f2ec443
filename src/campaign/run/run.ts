import { and, asc, desc, eq, inArray, lt, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { isOfShop } from "../../shop.ts";
import { isCampaignInReach } from "../reach.ts";
import type { RunState } from "../state.ts";
import { type Run, runTable } from "../table.ts";

export type { Run } from "../table.ts";

/** The run of this id, where the actor may know of it: it belongs where its campaign does. */
export async function findRun(ctx: Context, id: number): Promise<Run | undefined> {
  return (await runsById(ctx, [id]))[0];
}

const inReach = (ctx: Context) => isCampaignInReach(ctx, sql`run.campaign`);

/** The runs of these ids in the order asked, with `undefined` for those that the actor knows nothing of. */
export async function runsById(ctx: Context, ids: readonly number[]): Promise<(Run | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(runTable)
    .where(and(inArray(runTable.id, [...ids]), inReach(ctx)));
  return inOrder(ids, found);
}

/** The runs of these campaigns that wait for a second person, the oldest first. */
export function runsInReview(ctx: Context, campaigns: readonly number[]): Promise<Run[]> {
  return ctx.db.orm
    .select()
    .from(runTable)
    .where(and(eq(runTable.state, "IN_REVIEW"), inArray(runTable.campaign, [...campaigns]), inReach(ctx)))
    .orderBy(asc(runTable.id));
}

/** The occurrences of a campaign or of all, newest first; `after` is the last id of the page before. */
export function listRuns(
  ctx: Context,
  { after, limit, ...filter }: RunFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<Run[]> {
  return ctx.db.orm
    .select()
    .from(runTable)
    .where(and(whichOf(ctx, filter), after === undefined ? undefined : lt(runTable.id, after)))
    .orderBy(desc(runTable.id))
    .limit(limit);
}

export function countRuns(ctx: Context, filter: RunFilter): Promise<number> {
  return ctx.db.orm.$count(runTable, whichOf(ctx, filter));
}

/** Which runs are listed. */
interface RunFilter {
  readonly campaign?: number | undefined;
  readonly state?: RunState | undefined;
  /** Only those of campaigns of this shop; empty: of the company's own. */
  readonly shop?: string | undefined;
}

function whichOf(ctx: Context, { campaign, state, shop }: RunFilter) {
  return and(
    inReach(ctx),
    isOfShop(shop, sql`(SELECT shop FROM campaign WHERE campaign.id = run.campaign)`),
    campaign === undefined ? undefined : eq(runTable.campaign, campaign),
    state === undefined ? undefined : eq(runTable.state, state),
  );
}
