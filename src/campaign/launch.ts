import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { compile } from "../db/statement.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { type Audience, compileAudience } from "../member/audience.ts";
import { enqueue } from "../queue/outbox.ts";
import { readAudience } from "./audience.ts";
import { type Campaign, findCampaign } from "./campaign.ts";
import { contentIssues } from "./content.ts";
import { campaignPlan, campaignStart } from "./messages.ts";
import type { FrozenRun } from "./run.ts";
import { simulateLaunch } from "./simulate.ts";
import { moveCampaign } from "./state.ts";

/**
 * Starts a campaign: now, or at its start when that lies ahead. One transaction moves the campaign and leaves the message that begins
 * its run; everything else happens behind the queue. Refuses what is not a draft or approved, what lacks content, and (NEEDS_APPROVAL)
 * unapproved campaigns that match more members than the configured size.
 */
export async function launchCampaign(
  ctx: Context,
  input: { id: number; reason?: string },
): Promise<Campaign | Refusal> {
  const campaign = await findCampaign(ctx, input.id);
  if (!campaign) return refuse.notFound("campaign", input.id);
  const unfit = await unfitToLaunch(ctx, campaign);
  if (unfit) return unfit;
  return withTransaction(ctx, async (tx) => {
    const results = await tx.db.write(moveCampaign(tx, "launch", campaign.id, input.reason));
    if (results.at(-1)?.rowsAffected !== 1) return notLaunchable(campaign);
    await scheduleRun(tx, campaign.id, Math.max(tx.clock(), campaign.startsAt ?? 0));
    return (await findCampaign(tx, campaign.id)) ?? refuse.notFound("campaign", campaign.id);
  });
}

async function unfitToLaunch(ctx: Context, campaign: Campaign): Promise<Refusal | undefined> {
  if (campaign.state !== "DRAFT" && campaign.state !== "APPROVED") return notLaunchable(campaign);
  const issues = contentIssues(campaign.content, campaign.channels);
  if (issues.length > 0) return refuse.invalid(issues);
  if (campaign.endsAt !== null && campaign.endsAt <= ctx.clock()) {
    return refuse.invalid([{ path: "endsAt", message: "the campaign's end has passed" }]);
  }
  if (campaign.state === "APPROVED") return undefined;
  const reach = await simulateLaunch(ctx, { id: campaign.id });
  if (isRefusal(reach)) return reach;
  const limit = ctx.settings.approvalAbove;
  if (reach.matched <= limit) return undefined;
  return refuse.needsApproval(
    `It matches ${reach.matched} members; above ${limit} another operator has to approve it first.`,
    limit,
  );
}

function notLaunchable(campaign: Campaign): Refusal {
  return refuse.wrongState(`A campaign that is ${campaign.state} cannot be launched.`, campaign.state);
}

/** How far ahead a message may wait in the queue; a later start is armed by the sweep when it comes near. */
export const armingHorizonMs = 24 * 3_600_000;

/** Adds an occurrence and, when it is due soon, the message that begins it. One occurrence per campaign and time. */
export async function scheduleRun(ctx: Context, campaign: number, dueAt: number): Promise<void> {
  const row = await ctx.db.first<{ id: number }>(sql`
    INSERT INTO run (campaign, due_at, state) VALUES (${campaign}, ${dueAt}, 'PENDING') ON CONFLICT DO NOTHING RETURNING id`);
  if (!row || dueAt > ctx.clock() + armingHorizonMs) return;
  await ctx.db.write([enqueue([campaignStart.of({ run: row.id }, { notBefore: dueAt })], ctx.clock())]);
}

/**
 * Begins a due run: freezes whom and what it sends, and leaves the message that plans its first pages. Does nothing for a run that has
 * begun, is not due yet, or whose campaign is not active (resuming begins it then).
 */
export async function startRun(ctx: Context, input: { run: number }): Promise<void> {
  const now = ctx.clock();
  const due = await ctx.db.first<{ campaign: number }>(sql`
    SELECT r.campaign FROM run r JOIN campaign c ON c.id = r.campaign
    WHERE r.id = ${input.run} AND r.state = 'PENDING' AND r.due_at <= ${now} AND c.state = 'ACTIVE'`);
  const campaign = due && (await findCampaign(ctx, due.campaign));
  if (!campaign) return;
  const audience = await readAudience(ctx, campaign.audience);
  if (isRefusal(audience)) throw new Error(`campaign ${campaign.id} cannot be read any more: ${audience.message}`);
  const frozen = await freeze(ctx, campaign, audience);
  await ctx.db.write([
    enqueueIfPending(input.run, now),
    sql`
      UPDATE run SET state = 'RUNNING', started_at = ${now}, frozen = ${JSON.stringify(frozen)}, content = ${JSON.stringify(campaign.content)}
      WHERE id = ${input.run} AND state = 'PENDING' AND EXISTS (SELECT 1 FROM campaign WHERE id = ${campaign.id} AND state = 'ACTIVE')`,
  ]);
}

/** The first planning message; planning itself checks that the run is running, so a message too many does nothing. */
function enqueueIfPending(run: number, now: number) {
  return enqueue([campaignPlan.of({ run, from: 0 })], now);
}

async function freeze(ctx: Context, campaign: Campaign, audience: Audience): Promise<FrozenRun> {
  const highest = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  const asOf = ctx.clock();
  const { sql: text, args } = compile(compileAudience(audience, { asOf, timeZone: ctx.settings.shopTimeZone }));
  return {
    audience: { sql: text, args: args.map(storable) },
    maxSeq: highest?.seq ?? 0,
    asOf,
    channels: [...campaign.channels],
    reach: campaign.reach,
    topic: campaign.topic,
    transactional: campaign.transactional,
    popupPriority: campaign.popupPriority,
    endsAt: campaign.endsAt,
  };
}

function storable(value: unknown): string | number | null {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") return Number(value);
  throw new TypeError(`a filter holds a ${typeof value}, which cannot be stored`);
}
