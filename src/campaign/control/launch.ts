import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { type Audience, compileAudience, liveMember } from "../../member/audience.ts";
import { enqueue } from "../../queue/outbox.ts";
import { couponOffer, offerIssues } from "../action/coupon-offer.ts";
import { readAudience } from "../audience.ts";
import { contentIssues } from "../content/content.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { moveCampaign } from "../draft/transitions.ts";
import { couponChannel } from "../ledger/channel.ts";
import { campaignStart } from "../messages.ts";
import { frozenPredicate } from "../predicate.ts";
import type { FrozenRun } from "../run/frozen.ts";

/**
 * Starts a campaign: now, or at its start when that lies ahead. One transaction moves the campaign and leaves the message that begins
 * its run; everything else happens behind the queue. Refuses what is not a draft or approved, what lacks content or a coupon template that gives something, and (NEEDS_APPROVAL)
 * unapproved campaigns that match more members than the configured size; CONFLICT when it was edited between that check and the launch.
 * The same idempotency key answers the same launch again.
 */
export async function launchCampaign(
  ctx: Context,
  input: { id: number; reason?: string | undefined; idempotencyKey?: string | undefined },
): Promise<Campaign | Refusal> {
  const checked = await findCampaign(ctx, input.id);
  return once(ctx, {
    key: input.idempotencyKey,
    input: { launch: input.id, reason: input.reason ?? null },
    check: async () => (checked ? unfitToLaunch(ctx, checked) : refuse.notFound("campaign", input.id)),
    work: async (tx) => {
      const before = await findCampaign(tx, input.id);
      const results = await tx.db.write(moveCampaign(tx, "launch", input.id, input.reason));
      const campaign = await findCampaign(tx, input.id);
      if (!campaign) return refuse.notFound("campaign", input.id);
      if (results.at(-1)?.rowsAffected !== 1) return notLaunchable(campaign);
      if (!Bun.deepEquals(before, checked))
        return refuse.conflict("The campaign was changed meanwhile; launch it again.");
      await scheduleRun(tx, campaign.id, Math.max(tx.clock(), campaign.startsAt ?? 0));
      return campaign;
    },
  });
}

async function unfitToLaunch(ctx: Context, campaign: Campaign): Promise<Refusal | undefined> {
  if (campaign.state !== "DRAFT" && campaign.state !== "APPROVED") return notLaunchable(campaign);
  const content = contentIssues(campaign.content, campaign.channels, campaign.kind);
  const issues = [...content, ...(await offerIssues(ctx, campaign))];
  if (issues.length > 0) return refuse.invalid(issues);
  if (campaign.endsAt !== null && campaign.endsAt <= ctx.clock()) {
    return refuse.invalid([{ path: "endsAt", message: "the campaign's end has passed" }]);
  }
  if (campaign.state === "APPROVED") return undefined;
  const audience = await readAudience(ctx, campaign.audience);
  if (isRefusal(audience)) return audience;
  const limit = ctx.settings.approvalAbove;
  if ((await countUpTo(ctx, audience, limit + 1)) <= limit) return undefined;
  return refuse.needsApproval(
    `It matches more than ${limit} members: another operator has to approve it first.`,
    limit,
  );
}

/** Members of an audience, counted no further than `most`: a launch must not wait for the last of ten million. */
async function countUpTo(ctx: Context, audience: Audience, most: number): Promise<number> {
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, from: "index" } as const;
  const row = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM (SELECT 1 FROM member m WHERE ${liveMember} AND ${compileAudience(audience, env)} LIMIT ${most})`);
  return row?.n ?? 0;
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
  if (row) await ctx.db.write(armRun(row.id, dueAt, ctx.clock()));
}

/** Moves a campaign that has not begun, and its one occurrence, to another window; inside a transaction only. */
export async function moveStart(
  ctx: Context,
  { campaign, startsAt, endsAt }: { campaign: number; startsAt: number; endsAt: number | null },
): Promise<void> {
  const dueAt = Math.max(ctx.clock(), startsAt);
  const [moved] = await ctx.db.all<{ id: number }>(sql`
    UPDATE run SET due_at = ${dueAt} WHERE campaign = ${campaign} AND state = 'PENDING' RETURNING id`);
  if (!moved) return;
  await ctx.db.write([
    sql`UPDATE campaign SET starts_at = ${startsAt}, ends_at = ${endsAt}, updated_at = ${ctx.clock()} WHERE id = ${campaign}`,
    ...armRun(moved.id, dueAt, ctx.clock()),
  ]);
}

/** The queue counts in whole seconds: a run that is due now is not asked to wait for the next one. */
function armRun(run: number, dueAt: number, now: number): Query[] {
  if (dueAt > now + armingHorizonMs) return [];
  return [enqueue([campaignStart.of({ run }, dueAt > now ? { notBefore: dueAt } : {})], now)];
}

/**
 * Begins a due run: freezes whom and what it sends; its job goes on with the first step of planning. Does nothing for a run that has
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
    sql`
      UPDATE run SET state = 'RUNNING', started_at = ${now}, frozen = ${JSON.stringify(frozen)}, content = ${JSON.stringify(campaign.content)}
      WHERE id = ${input.run} AND state = 'PENDING' AND EXISTS (SELECT 1 FROM campaign WHERE id = ${campaign.id} AND state = 'ACTIVE')`,
  ]);
}

async function freeze(ctx: Context, campaign: Campaign, audience: Audience): Promise<FrozenRun> {
  const highest = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  const asOf = ctx.clock();
  const coupon = await couponOffer(ctx, campaign);
  return {
    audience: frozenPredicate(compileAudience(audience, { asOf, timeZone: ctx.settings.shopTimeZone })),
    maxSeq: highest?.seq ?? 0,
    asOf,
    channels: [...(coupon?.kind === "COUPON_ISSUE" ? [couponChannel] : []), ...campaign.channels],
    reach: campaign.reach,
    topic: campaign.topic,
    transactional: campaign.transactional,
    popupPriority: campaign.popupPriority,
    endsAt: campaign.endsAt,
    coupon,
  };
}
