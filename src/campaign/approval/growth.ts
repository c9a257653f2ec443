import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import { isRefusal } from "../../errors.ts";
import { revisionsAfter, versionsOf } from "../../transition/revision.ts";
import type { Campaign } from "../draft/campaign.ts";
import type { RunReview } from "../frozen-campaign.ts";
import { campaignSettings } from "../settings.ts";
import { offerOf } from "./subjects.ts";

/** Counts the members that a run would reach, no further than `upTo` where that is said. */
export type Count = (upTo?: number) => Promise<number | HeavyRefusal>;

/**
 * Why a run must wait for a second person before it begins, or goes on; nothing where it need not. It would reach more
 * members than need no approval, and some per cent more than a second person agreed to; or what its
 * coupons are called or whom they are for was changed since somebody approved of it.
 */
export async function reviewOf(
  ctx: Context,
  campaign: Campaign,
  count: Count,
): Promise<RunReview | undefined | HeavyRefusal> {
  const { frozen, approver } = campaign;
  if (!frozen || frozen.members === null) return undefined;
  const bound = boundOf(ctx, { members: frozen.members, approver });
  const upTo = (await highestMember(ctx)) > bound ? await count(bound + 1) : 0;
  if (isRefusal(upTo)) return upTo;
  const grown = upTo > bound;
  const offer = approver === null ? [] : await changesOfOffer(ctx, campaign, frozen.templateVersion);
  if (!grown && offer.length === 0) return undefined;
  const [templateVersion = 0] = await versionsOf(ctx, offerOf(campaign));
  const members = await count();
  if (isRefusal(members)) return members;
  return { members, approved: frozen.members, offer, templateVersion, at: ctx.clock() };
}

/** How many members were agreed to, and by which second person, if by one. */
export interface Agreed {
  readonly members: number;
  readonly approver: string | null;
}

/** So many members a run may reach: as need no approval, or some per cent more than a second person agreed to. */
export function boundOf(ctx: Context, { members, approver }: Agreed): number {
  const { approvalAbove, approvalGrowthPercent } = campaignSettings.of(ctx);
  if (approver === null) return approvalAbove;
  return Math.max(approvalAbove, Math.floor((members * (100 + approvalGrowthPercent)) / 100));
}

/** Where there are not so many members at all, nobody is counted. */
async function highestMember({ db }: Context): Promise<number> {
  return (await db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`))?.seq ?? 0;
}

/** What members read of a coupon, and whom it is for. Where its links lead has a second person of its own. */
const promised = ["name", "eligibility"];

/** What of that changed since a version of the template, in words. */
export async function changesOfOffer(ctx: Context, campaign: Campaign, since: number): Promise<string[]> {
  const [subject] = offerOf(campaign);
  const revisions = subject === undefined ? [] : await revisionsAfter(ctx, subject, since);
  return revisions.flatMap(({ fields, actor }) => {
    const changed = fields.filter((field) => promised.includes(field));
    return changed.length > 0 ? [`its coupon template's ${changed.join(", ")} was changed by ${actor}`] : [];
  });
}
