import { and, eq, inArray, sql } from "drizzle-orm";
import { z } from "zod";
import { describeActor } from "../../actor.ts";
import { channelNames } from "../../channels/catalog.ts";
import { type Context, withTransaction } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { inListOrder, isBehind, isFound, type Listed } from "../../db/listing.ts";
import { type Issue, isRefusal, issuesOf, type Refusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { AudienceChoice, readAudience } from "../../member/audience-choice.ts";
import { subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { plainText } from "../../value/plain-text.ts";
import { actionOf, campaignKinds, messageIssues, silentKinds, usualKind } from "../action/index.ts";
import { Content } from "../content/content.ts";
import type { CampaignState } from "../state.ts";
import { type Campaign, campaignTable } from "../table.ts";

export type { Campaign } from "../table.ts";

/** What an operator says of a campaign. */
export const CampaignDraft = z.strictObject({
  name: z.string().trim().min(1).max(200),
  kind: z.enum(campaignKinds).default(usualKind),
  /** Of which coupons are given or offered; null for announcements. */
  couponTemplate: z.int().positive().nullable().default(null),
  /** The promotion that an announcement tells of; null for all others. */
  promotion: z.int().positive().nullable().default(null),
  topic: plainText(60).default("promotions"),
  audience: AudienceChoice.default({ everyone: true }),
  /** None for coupons that are given without a word. */
  channels: z
    .array(z.enum(channelNames))
    .refine((list) => new Set(list).size === list.length, "a channel is named twice"),
  reach: z.enum(["EACH", "FIRST_REACHABLE"]).default("EACH"),
  content: Content.default({}),
  transactional: z.boolean().default(false),
  popupPriority: z.int().min(-1000).max(1000).default(0),
  startsAt: z.int().nullable().default(null),
  endsAt: z.int().nullable().default(null),
});
export type CampaignDraft = z.input<typeof CampaignDraft>;

/** Creates a campaign as a draft. Content may still be incomplete; what is there must be right. */
export async function createCampaign(ctx: Context, draft: CampaignDraft) {
  const checked = await checkDraft(ctx, draft);
  if (isRefusal(checked)) return checked;
  const now = ctx.clock();
  const own = { state: "DRAFT", author: describeActor(ctx.actor), createdAt: now, updatedAt: now } as const;
  return withTransaction(ctx, async (tx) => {
    const [campaign] = await tx.db.orm
      .insert(campaignTable)
      .values({ ...checked, ...own })
      .returning();
    if (!campaign) throw new Error("the insert answered no campaign");
    await tx.db.write([revise(tx, subjectOf("campaign", campaign.id), ["created"])]);
    return campaign;
  });
}

/**
 * Changes what is said of a draft; what is left out stays. Past that state it is refused: what was reviewed or sent
 * must not change.
 */
export async function updateCampaign(ctx: Context, input: { id: number; draft: Partial<CampaignDraft> }) {
  const before = await findCampaign(ctx, input.id);
  if (!before) return refuse.notFound("campaign", input.id);
  const changes = Object.fromEntries(Object.entries(input.draft).filter(([, value]) => value !== undefined));
  const checked = await checkDraft(ctx, { ...draftOf(before), ...changes });
  if (isRefusal(checked)) return checked;
  const fields = Object.keys(changes).filter((field) => isChanged(before, checked, field));
  const updated = await withTransaction(ctx, async (tx) => {
    const [row] = await tx.db.orm
      .update(campaignTable)
      .set({ ...checked, updatedAt: tx.clock() })
      .where(and(eq(campaignTable.id, input.id), eq(campaignTable.state, "DRAFT")))
      .returning();
    if (row && fields.length > 0) await tx.db.write([revise(tx, subjectOf("campaign", input.id), fields)]);
    return row;
  });
  if (updated) return updated;
  const campaign = await findCampaign(ctx, input.id);
  if (!campaign) return refuse.notFound("campaign", input.id);
  return refuse.wrongState(`Only a draft can be edited; this campaign is ${campaign.state}.`, campaign.state);
}

function isChanged(before: object, after: object, field: string): boolean {
  const of = (row: object) => Object.entries(row).find(([name]) => name === field)?.[1];
  return !Bun.deepEquals(of(before), of(after));
}

function draftOf(campaign: Campaign): CampaignDraft {
  const { name, kind, couponTemplate, promotion, topic, audience, reach, content } = campaign;
  const { transactional, popupPriority, startsAt, endsAt } = campaign;
  const channels = [...campaign.channels];
  const offer = { kind, couponTemplate, promotion };
  return { name, ...offer, topic, audience, channels, reach, content, transactional, popupPriority, startsAt, endsAt };
}

async function checkDraft(ctx: Context, draft: CampaignDraft) {
  const parsed = parseInput(CampaignDraft, draft);
  if (isRefusal(parsed)) return parsed;
  const { kind, channels, audience, content, startsAt, endsAt } = parsed;
  const action = actionOf(kind);
  const issues: Issue[] = [
    ...(await messageIssues(ctx, parsed, content, [])),
    ...(await action.input.issues(ctx, parsed)),
  ];
  if (channels.length === 0 && action.channels === "needed") {
    issues.push({ path: "channels", message: `at least one; only ${silentKinds.join(", ")} can do without` });
  }
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) {
    issues.push({ path: "endsAt", message: "the end must lie after the start" });
  }
  const read = await readAudience(ctx, audience);
  if (isRefusal(read)) issues.push(...audienceIssues(read));
  return issues.length > 0 ? refuse.invalid(issues) : parsed;
}

function audienceIssues(refused: Refusal): Issue[] {
  if (refused.code !== "INVALID_INPUT") return [{ path: "audience", message: refused.message }];
  return issuesOf(refused).map(({ path, message }) => ({
    path: path ? `audience.filter.${path}` : "audience.filter",
    message,
  }));
}

export async function findCampaign(ctx: Context, id: number): Promise<Campaign | undefined> {
  const [campaign] = await ctx.db.orm.select().from(campaignTable).where(eq(campaignTable.id, id));
  return campaign;
}

/** The campaigns of these ids in the order asked, with `undefined` for those that are not there. */
export async function campaignsById(ctx: Context, ids: readonly number[]): Promise<(Campaign | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(campaignTable)
    .where(inArray(campaignTable.id, [...ids]));
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
  return and(filter.state && eq(campaignTable.state, filter.state), isFound(filter));
}
