import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal } from "../../errors.ts";
import { auditTransition } from "../../transition/audit.ts";
import { boundOf, reviewOf } from "../approval/growth.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { describeReview, type FrozenCampaign, type RunReview } from "../frozen-campaign.ts";
import { frozenRun, matches } from "./frozen.ts";
import { isUnserved } from "./of-zone.ts";

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

/** What was read; throws where it could not be read now, for the queue asks a job again. */
export function madeSure<Answer>(answer: Answer | HeavyRefusal): Answer {
  if (isRefusal(answer)) throw new Error(answer.message);
  return answer as Answer;
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
export async function grownRuns(ctx: Context, campaign: Campaign): Promise<Held[] | HeavyRefusal> {
  const open = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM run WHERE campaign = ${campaign.id} AND state = 'PAUSED'
      AND frozen IS NOT NULL AND (planned = 0 OR pages_written < pages)`);
  const held: Held[] = [];
  for (const { id } of open) {
    const review = await reviewOf(ctx, campaign, (upTo) => countMatches(ctx, id, upTo));
    if (isRefusal(review)) return review;
    if (review) held.push({ run: id, review });
  }
  return held;
}

/** Whether a page was not written because with it the run would reach more members than were agreed to. */
export function isTooMany(error: unknown): boolean {
  return /CHECK constraint failed.*at_most/.test(String(error));
}

/**
 * Lets a run wait whose filter came to select more members than were agreed to while it was under way: those written,
 * and those that are left. False where that is over already, and the page may be tried again.
 */
export async function holdGrown(ctx: Context, run: number): Promise<boolean> {
  const frozen = await frozenRun(ctx, run);
  const campaign = await campaignOfRun(ctx, run);
  const agreed = campaign?.frozen;
  if (!agreed || agreed.members === null) return false;
  // By members' clocks pages follow each other by zones: whoever is on none is left.
  const isLeft = frozen.byClocks
    ? isUnserved(frozen, run)
    : sql`m.seq > coalesce((
        SELECT min(from_seq) FROM page p WHERE p.run = r.id AND p.state <> 'WRITTEN'), r.planned_to)`;
  const row = await ctx.heavy.first<{ n: number }>(sql`
    SELECT r.matched + (
      SELECT count(*) FROM member m WHERE m.seq <= ${frozen.maxSeq} AND ${matches(frozen)} AND ${isLeft}) AS n
    FROM run r WHERE r.id = ${run}`);
  const members = madeSure(row)?.n ?? 0;
  if (members <= boundOf(ctx, { members: agreed.members, approver: campaign.approver })) return false;
  const { templateVersion } = agreed;
  const review = { members, approved: agreed.members, offer: [], templateVersion, at: ctx.clock() };
  await ctx.db.write(holdRun(ctx, run, review, sql`state = 'RUNNING' AND ${stillAgreed(campaign.id, agreed)}`));
  return true;
}

async function campaignOfRun(ctx: Context, run: number): Promise<Campaign | undefined> {
  const row = await ctx.db.first<{ campaign: number }>(sql`SELECT campaign FROM run WHERE id = ${run}`);
  return row && findCampaign(ctx, row.campaign);
}

async function countMatches(ctx: Context, run: number, upTo = -1): Promise<number | HeavyRefusal> {
  const frozen = await frozenRun(ctx, run);
  const row = await ctx.heavy.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM (
      SELECT 1 FROM member m WHERE m.seq <= ${frozen.maxSeq} AND ${matches(frozen)} LIMIT ${upTo})`);
  return isRefusal(row) ? row : (row?.n ?? 0);
}
