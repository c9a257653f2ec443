import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { auditTransition } from "../../transition/audit.ts";
import { reviewOf } from "../approval/growth.ts";
import type { Campaign } from "../draft/campaign.ts";
import { describeReview, type FrozenCampaign, type RunReview } from "../frozen-campaign.ts";
import { frozenRun, matches } from "./frozen.ts";

/** The campaign of this id still has what it was looked at with: nobody approved of another number meanwhile. */
export function stillAgreed(campaign: number, frozen: FrozenCampaign | null): SQL {
  const at =
    frozen === null
      ? sql`frozen IS NULL`
      : sql`
    frozen ->> '$.at' IS ${frozen.at} AND frozen ->> '$.members' IS ${frozen.members}`;
  return sql`EXISTS (SELECT 1 FROM campaign WHERE id = ${campaign} AND ${at})`;
}

/** The statements that let a run wait for a second person, where `guard` holds, and write down why. */
export function holdRun(ctx: Context, run: number, review: RunReview, guard: SQL): Query[] {
  const which = sql`id = ${run} AND ${guard}`;
  const reason = describeReview(review);
  return [
    auditTransition(ctx, { noun: "run", table: sql`run`, where: which, to: "IN_REVIEW", reason }),
    sql`UPDATE run SET state = 'IN_REVIEW', review = ${JSON.stringify(review)} WHERE ${which}`,
  ];
}

/** A run that may not go on. */
export interface Held {
  readonly run: number;
  readonly review: RunReview;
}

/**
 * Which of a campaign's paused runs may not simply go on: they have members left to choose, and would reach more than
 * was agreed to. Those who have been reached count.
 */
export async function grownRuns(ctx: Context, campaign: Campaign): Promise<Held[]> {
  const open = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM run WHERE campaign = ${campaign.id} AND state = 'PAUSED'
      AND frozen IS NOT NULL AND (planned = 0 OR pages_written < pages)`);
  const held: Held[] = [];
  for (const { id } of open) {
    const review = await reviewOf(ctx, campaign, (upTo) => countMatches(ctx, id, upTo));
    if (review) held.push({ run: id, review });
  }
  return held;
}

async function countMatches(ctx: Context, run: number, upTo = -1): Promise<number> {
  const frozen = await frozenRun(ctx, run);
  const row = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM (
      SELECT 1 FROM member m WHERE m.seq <= ${frozen.maxSeq} AND ${matches(frozen)} LIMIT ${upTo})`);
  return row?.n ?? 0;
}
