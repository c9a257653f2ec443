import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { inListOrder, isBehind, isFound, type Listed } from "../../db/listing.ts";
import { isRefusal } from "../../errors.ts";
import { inReach, isOfShop, newShop } from "../../shop.ts";
import { auditOperator, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import type { CampaignState } from "../state.ts";
import { type Campaign, campaignTable } from "../table.ts";
import { type CampaignDraft, type CampaignFacts, checkDraft } from "./facts.ts";

export type { Campaign } from "../table.ts";
export type { CampaignDraft } from "./facts.ts";

/** What is said of a campaign when it is made, and whose it is: its maker's shop's unless said. */
export type NewCampaign = CampaignDraft & { readonly shop?: string | undefined };

/** Creates a campaign as a draft. Content may still be incomplete; what is there must be right. */
export async function createCampaign(ctx: Context, { shop: asked, ...draft }: NewCampaign) {
  const shop = newShop(ctx, asked);
  if (isRefusal(shop)) return shop;
  const checked = await checkDraft(ctx, draft, shop);
  if (isRefusal(checked)) return checked;
  const { id: _, ...row } = unwritten(ctx, checked, shop);
  return withTransaction(ctx, async (tx) => {
    const [campaign] = await tx.db.orm.insert(campaignTable).values(row).returning();
    if (!campaign) throw new Error("the insert answered no campaign");
    const subject = subjectOf("campaign", campaign.id);
    await tx.db.write([...auditOperator(tx, subject, "created"), revise(tx, subject, ["created"])]);
    return campaign;
  });
}

/** A campaign of a shop as it would be, for whoever asks before it is written down; it has no number. */
export function unwritten(ctx: Context, facts: CampaignFacts, shop: string): Campaign {
  const now = ctx.clock();
  return {
    ...facts,
    id: 0,
    shop,
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
const isKept = isNull(campaignTable.deletedAt);

/** It is there for the actor. */
function isThere(ctx: Context) {
  return and(isKept, inReach(ctx, sql`campaign.shop`));
}

/** The campaign of this id, where the actor may know of it. */
export async function findCampaign(ctx: Context, id: number): Promise<Campaign | undefined> {
  return (await campaignsById(ctx, [id]))[0];
}

/**
 * The campaign of this id, whosever it is: for what has to be done to it because of something else, of which the actor
 * is told nothing.
 */
export async function anyCampaign({ db }: Context, id: number): Promise<Campaign | undefined> {
  const [campaign] = await db.orm
    .select()
    .from(campaignTable)
    .where(and(eq(campaignTable.id, id), isKept));
  return campaign;
}

/** The campaigns of these ids in the order asked, with `undefined` for those that the actor knows nothing of. */
export async function campaignsById(ctx: Context, ids: readonly number[]): Promise<(Campaign | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(campaignTable)
    .where(and(inArray(campaignTable.id, [...ids]), isThere(ctx)));
  return inOrder(ids, found);
}

/** Which campaigns are listed. */
interface CampaignFilter extends Listed {
  readonly state?: CampaignState | undefined;
  /** Only those of this shop; empty: the company's own. */
  readonly shop?: string | undefined;
}

/** Campaigns; `after` is the last id of the page before. */
export function listCampaigns(
  ctx: Context,
  page: CampaignFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<Campaign[]> {
  const reachable = sql`(SELECT id, name FROM campaign WHERE ${isThere(ctx)})`;
  return ctx.db.orm
    .select()
    .from(campaignTable)
    .where(and(whichOf(ctx, page), isBehind(reachable, page, page.after)))
    .orderBy(inListOrder(page))
    .limit(page.limit);
}

export function countCampaigns(ctx: Context, filter: CampaignFilter): Promise<number> {
  return ctx.db.orm.$count(campaignTable, whichOf(ctx, filter));
}

function whichOf(ctx: Context, filter: CampaignFilter) {
  const { state, shop } = filter;
  return and(
    isThere(ctx),
    state && eq(campaignTable.state, state),
    isOfShop(shop, sql`campaign.shop`),
    isFound(filter),
  );
}
