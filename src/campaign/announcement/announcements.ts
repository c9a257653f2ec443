import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { isRefusal } from "../../errors.ts";
import { resolveChoice } from "../../member/audience-choice.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { keepFrozen } from "../approval/freeze.ts";
import { describeStopped, type Stopped, stopCampaigns } from "../control/stop.ts";
import { findCampaign } from "../draft/campaign.ts";
import { moveStart } from "../run/start.ts";
import { announcementAudience, toldBy } from "./whom.ts";

/** The campaigns that announced each of these promotions, or are going to, newest first. */
export async function announcementsOf(
  ctx: Context,
  promotions: readonly number[],
): Promise<ReadonlyMap<number, number[]>> {
  const found = await ctx.db.all<{ promotion: number; campaign: number }>(sql`
    SELECT c.promotion, c.id AS campaign FROM campaign c WHERE c.promotion IN (SELECT value FROM ${rows(promotions)})
      AND EXISTS (SELECT 1 FROM run r WHERE r.campaign = c.id) ORDER BY c.id DESC`);
  return new Map(
    promotions.map((id) => [id, found.filter(({ promotion }) => promotion === id).map(({ campaign }) => campaign)]),
  );
}

/** A run of campaign `c` that has not begun. */
const notBegun = sql`EXISTS (
  SELECT 1 FROM run r WHERE r.campaign = c.id AND r.frozen IS NULL AND r.state IN ('PENDING', 'IN_REVIEW'))`;

/** Those of a promotion that have begun to tell. */
export function begun(promotion: number): SQL {
  return sql`c.promotion = ${promotion} AND NOT ${notBegun}`;
}

/** Stops announcements of a promotion that are not over, and writes down in its history how far they had come. */
export async function stopAnnouncements(
  tx: Context,
  promotion: number,
  { reason, which = sql`c.promotion = ${promotion}` }: { reason: string; which?: SQL },
) {
  const stopped = await stopCampaigns(tx, which, reason);
  if (!isRefusal(stopped)) await noteStopped(tx, promotion, { stopped, reason });
  return stopped;
}

async function noteStopped(
  tx: Context,
  promotion: number,
  { stopped, reason }: { stopped: readonly Stopped[]; reason: string },
): Promise<void> {
  const subject = subjectOf("promotion", promotion);
  await tx.db.write(stopped.map((each) => auditDeed(tx, subject, describeStopped(each), sql`1`, reason)));
}

/**
 * Lets the announcements that have not begun follow their promotion: its name, its window, whom it is for. What they
 * say of it is read when they begin. Inside a transaction only.
 */
export async function followPromotion(tx: Context, promotion: Promotion, drafts: readonly number[] = []) {
  const waiting = await tx.db.all<{ id: number }>(sql`
    SELECT c.id FROM campaign c
    WHERE c.promotion = ${promotion.id} AND c.state IN ('ACTIVE', 'PAUSED') AND ${notBegun}`);
  for (const campaign of [...waiting.map(({ id }) => id), ...drafts]) {
    const refused = await follow(tx, promotion, campaign);
    if (refused) return refused;
  }
  return undefined;
}

async function follow(tx: Context, promotion: Promotion, id: number) {
  const campaign = await findCampaign(tx, id);
  if (!campaign || !["DRAFT", "ACTIVE", "PAUSED"].includes(campaign.state)) return undefined;
  const { name, startsAt, endsAt } = promotion;
  const audience = await announcementAudience(tx, promotion, toldBy(campaign.audience, promotion.id));
  if (isRefusal(audience)) return audience;
  const isMoved = !Bun.deepEquals(audience, campaign.audience);
  const resolved = await resolveChoice(tx, audience);
  if (isRefusal(resolved)) return resolved;
  const { choice, version: segmentVersion } = resolved;
  await tx.db.write([
    sql`
      UPDATE campaign SET name = ${name}, audience = ${JSON.stringify(audience)}, ends_at = ${endsAt},
        starts_at = CASE WHEN starts_at IS NOT NULL OR ${startsAt} > ${tx.clock()} THEN ${startsAt} END,
        updated_at = ${tx.clock()}
      WHERE id = ${id}`,
    // So many members as were agreed to, of others: whether these are more is asked when it begins.
    ...(isMoved && campaign.frozen
      ? [keepFrozen(id, { ...campaign.frozen, audience: choice, segmentVersion, at: tx.clock() })]
      : []),
    ...(name === campaign.name && !isMoved ? [] : [revise(tx, subjectOf("campaign", id), ["name", "audience"])]),
  ]);
  await moveStart(tx, { campaign: id, startsAt, endsAt });
  return undefined;
}
