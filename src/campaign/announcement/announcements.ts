import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { isRefusal } from "../../errors.ts";
import { subjectOf } from "../../transition/audit.ts";
import { noteStopped, stopCampaigns, toldToActor } from "../control/stop.ts";
import { isAnnounced } from "./whom.ts";

/** The campaigns that announced each of these promotions, or are going to, newest first. */
export async function announcementsOf(
  ctx: Context,
  promotions: readonly number[],
): Promise<ReadonlyMap<number, number[]>> {
  const found = await ctx.db.all<{ promotion: number; campaign: number }>(sql`
    SELECT c.promotion, c.id AS campaign FROM campaign c WHERE c.promotion IN (SELECT value FROM ${rows(promotions)})
      AND ${isAnnounced} ORDER BY c.id DESC`);
  return new Map(
    promotions.map((id) => [id, found.filter(({ promotion }) => promotion === id).map(({ campaign }) => campaign)]),
  );
}

/** A run of campaign `c` has begun. */
const hasBegun = sql`EXISTS (SELECT 1 FROM run r WHERE r.campaign = c.id AND r.frozen IS NOT NULL)`;

/** Those of a promotion that have begun to tell. */
export function begun(promotion: number): SQL {
  return sql`c.promotion = ${promotion} AND ${hasBegun}`;
}

/** Those that have, and those that a second person approved of: as it was then. */
export function begunOrApproved(promotion: number): SQL {
  return sql`c.promotion = ${promotion} AND (${hasBegun} OR c.approver IS NOT NULL)`;
}

/** Those of a promotion that have not begun, drafts, too. */
export async function waiting(tx: Context, promotion: number): Promise<number[]> {
  const found = await tx.db.all<{ id: number }>(sql`
    SELECT c.id FROM campaign c WHERE c.promotion = ${promotion} AND c.deleted_at IS NULL
      AND c.state IN ('DRAFT', 'IN_REVIEW', 'APPROVED', 'ACTIVE', 'PAUSED') AND NOT ${hasBegun}`);
  return found.map(({ id }) => id);
}

/**
 * Stops announcements of a promotion that are not over, and writes down in its history how far they had come. Answers
 * those that the actor is told of.
 */
export async function stopAnnouncements(
  tx: Context,
  promotion: number,
  { reason, which = sql`c.promotion = ${promotion}` }: { reason: string; which?: SQL },
) {
  const stopped = await stopCampaigns(tx, which, reason);
  if (isRefusal(stopped)) return stopped;
  const shop = sql`(SELECT shop FROM promotion WHERE id = ${promotion})`;
  await tx.db.write(stopped.map(noteStopped(tx, { subject: subjectOf("promotion", promotion), shop }, reason)));
  return toldToActor(tx, stopped);
}
