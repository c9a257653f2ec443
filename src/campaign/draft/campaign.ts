import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { inListOrder, isBehind, isFound, type Listed } from "../../db/listing.ts";
import { isRefusal } from "../../errors.ts";
import { shopOf } from "../../shop.ts";
import { auditOperator, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import type { CampaignState } from "../state.ts";
import { type Campaign, campaignTable } from "../table.ts";
import { type CampaignDraft, type CampaignFacts, checkDraft } from "./facts.ts";

export type { Campaign } from "../table.ts";
export type { CampaignDraft } from "./facts.ts";

/** Creates a campaign as a draft. Content may still be incomplete; what is there must be right. */
export async function createCampaign(ctx: Context, draft: CampaignDraft) {
  const checked = await checkDraft(ctx, draft);
  if (isRefusal(checked)) return checked;
  const { id: _, ...row } = unwritten(ctx, checked);
  return withTransaction(ctx, async (tx) => {
    const [campaign] = await tx.db.orm.insert(campaignTable).values(row).returning();
    if (!campaign) throw new Error("the insert answered no campaign");
    const subject = subjectOf("campaign", campaign.id);
    await tx.db.write([...auditOperator(tx, subject, "created"), revise(tx, subject, ["created"])]);
    return campaign;
  });
}

/** A campaign as it would be, for whoever asks before it is written down; it has no number. */
export function unwritten(ctx: Context, facts: CampaignFacts): Campaign {
  const now = ctx.clock();
  return {
    ...facts,
    id: 0,
    shop: shopOf(ctx),
    state: "DRAFT",
    frozen: null,
    launchWhenApproved: false,
    author: describeActor(ctx.actor),
    approver: null,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  };
}

/** A draft that was deleted is read by nobody. */
const isThere = isNull(campaignTable.deletedAt);

export async function findCampaign(ctx: Context, id: number): Promise<Campaign | undefined> {
  const [campaign] = await ctx.db.orm
    .select()
    .from(campaignTable)
    .where(and(eq(campaignTable.id, id), isThere));
  return campaign;
}

/** The campaigns of these ids in the order asked, with `undefined` for those that are not there. */
export async function campaignsById(ctx: Context, ids: readonly number[]): Promise<(Campaign | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(campaignTable)
    .where(and(inArray(campaignTable.id, [...ids]), isThere));
  return inOrder(ids, found);
}

/** Which campaigns are listed. */
interface CampaignFilter extends Listed {
  readonly state?: CampaignState | undefined;
}

/** Campaigns; `after` is the last id of the page before. */
export function listCampaigns(
  ctx: Context,
  page: CampaignFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<Campaign[]> {
  return ctx.db.orm
    .select()
    .from(campaignTable)
    .where(and(whichOf(page), isBehind(sql`campaign`, page, page.after)))
    .orderBy(inListOrder(page))
    .limit(page.limit);
}

export function countCampaigns(ctx: Context, filter: CampaignFilter): Promise<number> {
  return ctx.db.orm.$count(campaignTable, whichOf(filter));
}

function whichOf(filter: CampaignFilter) {
  return and(isThere, filter.state && eq(campaignTable.state, filter.state), isFound(filter));
}
