import { type SQL, sql } from "drizzle-orm";
import { type Audience, compileAudience } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal } from "../../errors.ts";
import { countMembers } from "../../member/member-search.ts";
import { enqueue } from "../../queue/outbox.ts";
import { subjectOf } from "../../transition/audit.ts";
import { versionOf } from "../../transition/revision.ts";
import { freezeAction } from "../action/index.ts";
import { audienceOfCampaign } from "../approval/freeze.ts";
import { boundOf, reviewOf } from "../approval/growth.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { campaignStart } from "../messages.ts";
import { frozenPredicate } from "../predicate.ts";
import type { FrozenRun } from "./frozen.ts";
import { holdRun, madeSure, stillAgreed } from "./hold.ts";

/** How far ahead a message may wait in the queue; a later start is armed by the sweep when it comes near. */
export const armingHorizonMs = 24 * 3_600_000;

/**
 * Adds an occurrence and, when it is due soon, the message that begins it; inside a transaction only. One occurrence
 * per campaign and time.
 */
export async function scheduleRun(ctx: Context, campaign: number, dueAt: number): Promise<void> {
  await ctx.db.write([sql`UPDATE run_number SET last = 1 + max(last, coalesce((SELECT max(id) FROM run), 0))`]);
  const row = await ctx.db.first<{ id: number }>(sql`
    INSERT INTO run (id, campaign, due_at, state)
    SELECT last, ${campaign}, ${dueAt}, 'PENDING' FROM run_number WHERE true
    ON CONFLICT DO NOTHING RETURNING id`);
  if (row) await ctx.db.write(armRun(ctx, row.id, dueAt));
}

/** Moves a campaign that has not begun, and its one occurrence, to another window; inside a transaction only. */
export async function moveStart(
  ctx: Context,
  { campaign, startsAt, endsAt }: { campaign: number; startsAt: number; endsAt: number | null },
): Promise<void> {
  const dueAt = Math.max(ctx.clock(), startsAt);
  const [run] = await ctx.db.all<{ id: number }>(sql`
    UPDATE run SET due_at = ${dueAt}
    WHERE campaign = ${campaign} AND state IN ('PENDING', 'IN_REVIEW') AND frozen IS NULL RETURNING id`);
  if (!run) return;
  await ctx.db.write([
    sql`
      UPDATE campaign SET starts_at = ${startsAt}, ends_at = ${endsAt}, updated_at = ${ctx.clock()}
      WHERE id = ${campaign}`,
    ...armRun(ctx, run.id, dueAt),
  ]);
}

/** The message that begins a run. The queue counts in whole seconds: a run that is due now waits for none of them. */
export function armRun(ctx: Context, run: number, dueAt: number): Query[] {
  const now = ctx.clock();
  if (dueAt > now + armingHorizonMs) return [];
  return [enqueue(ctx, [campaignStart.of({ run }, dueAt > now ? { notBefore: dueAt } : {})])];
}

/**
 * Begins a due run: freezes whom and what it sends; its job goes on with the first step of planning. Does nothing for a
 * run that has begun, is not due yet, or whose campaign is not active (resuming begins it then). Its members are
 * counted again: a run that would reach more than was agreed to waits for a second person, IN_REVIEW.
 */
export async function startRun(ctx: Context, input: { run: number }): Promise<void> {
  const now = ctx.clock();
  const due = await ctx.db.first<{ campaign: number; version: number }>(sql`
    SELECT r.campaign, ${versionOf(sql`'campaign/' || r.campaign`)} AS version
    FROM run r JOIN campaign c ON c.id = r.campaign
    WHERE r.id = ${input.run} AND r.state = 'PENDING' AND r.due_at <= ${now} AND c.state = 'ACTIVE'`);
  const campaign = due && (await findCampaign(ctx, due.campaign));
  if (!campaign) return;
  const audience = await audienceOfCampaign(ctx, campaign);
  if (isRefusal(audience)) throw new Error(`campaign ${campaign.id} cannot be read any more: ${audience.message}`);
  const asItWas = sql`state = 'PENDING' AND due_at <= ${now} AND ${stillAgreed(campaign.id, campaign.frozen)}
    AND ${stillSays(campaign, due.version)}`;
  const review = madeSure(await reviewOf(ctx, campaign, (upTo) => countMembers(ctx, audience, upTo)));
  if (review) {
    await ctx.db.write(holdRun(ctx, input.run, review, asItWas));
    return;
  }
  const frozen = await freeze(ctx, campaign, audience);
  const agreed = campaign.frozen?.members ?? null;
  await ctx.db.write([
    sql`
      UPDATE run SET state = 'RUNNING', started_at = ${now}, frozen = ${JSON.stringify(frozen)},
        content = ${JSON.stringify(campaign.content)}, at_most = ${agreed === null ? null : boundOf(ctx, agreed)}
      WHERE id = ${input.run} AND ${asItWas}`,
  ]);
}

/**
 * A campaign is still what was read of it: launched, and edited or moved by nobody since. Whoever did so has left a
 * message of their own that begins its run.
 */
function stillSays({ id, updatedAt }: Campaign, version: number): SQL {
  return sql`EXISTS (SELECT 1 FROM campaign WHERE id = ${id} AND state = 'ACTIVE' AND updated_at = ${updatedAt})
    AND ${versionOf(sql`${subjectOf("campaign", id)}`)} = ${version}`;
}

async function freeze(ctx: Context, campaign: Campaign, audience: Audience): Promise<FrozenRun> {
  const highest = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  const asOf = ctx.clock();
  const action = await freezeAction(ctx, campaign);
  return {
    audience: frozenPredicate(compileAudience(audience, { asOf, timeZone: ctx.settings.shopTimeZone })),
    maxSeq: highest?.seq ?? 0,
    asOf,
    channels: [...(action.gives ? [action.gives.channel] : []), ...campaign.channels],
    reach: campaign.reach,
    topic: campaign.topic,
    transactional: campaign.transactional,
    popupPriority: campaign.popupPriority,
    endsAt: campaign.endsAt,
    action,
  };
}
