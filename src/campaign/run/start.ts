import { type SQL, sql } from "drizzle-orm";
import { type Audience, compileAudience } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal } from "../../errors.ts";
import { countMembers } from "../../member/member-search.ts";
import { enqueue, noneAhead } from "../../queue/outbox.ts";
import { firstMomentOf, wallIn } from "../../schedule/recurrence/wall.ts";
import { subjectOf } from "../../transition/audit.ts";
import { versionOf } from "../../transition/revision.ts";
import type { Readiness } from "../action/action.ts";
import type { FrozenAction } from "../action/define.ts";
import { freezeAction, readinessOf } from "../action/index.ts";
import { audienceOfCampaign } from "../approval/freeze.ts";
import { boundOf, reviewOf } from "../approval/growth.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { campaignStart } from "../messages.ts";
import { frozenPredicate } from "../predicate.ts";
import type { FrozenRun } from "./frozen.ts";
import { holdRun, madeSure, stillAgreed } from "./hold.ts";
import { openFunnel } from "./open-funnel.ts";

/** How far ahead a message may wait in the queue; a later start is armed by the sweep when it comes near. */
export const armingHorizonMs = 24 * 3_600_000;

/** How long a run waits before it asks again whether it may begin, in milliseconds. */
const askAgainMs = 1_000;

/** When a run begins (ms), and where members' own clocks count, what they show when it is a member's turn. */
export interface RunStart {
  readonly dueAt: number;
  readonly wall: string | null;
}

/** A run that is to be. */
interface RunToBe extends RunStart {
  readonly campaign: number;
  /** The time of its schedule (ms), where it has one. */
  readonly plannedAt: number | null;
}

/**
 * How a campaign's run begins that is planned for a moment (ms) by the clock of a zone: then, or where members' own
 * clocks count, when the first clock on earth shows what the zone's does then.
 */
export function startPlannedFor({ localTime }: Pick<Campaign, "localTime">, at: number, zone: string): RunStart {
  if (!localTime) return { dueAt: at, wall: null };
  const wall = wallIn(zone, at);
  return { dueAt: firstMomentOf(wall), wall };
}

/** How the run of a campaign begins that begins once: at its start, and never in the past. */
export function startOf(ctx: Context, campaign: Pick<Campaign, "localTime" | "startsAt">): RunStart {
  const now = ctx.clock();
  const start = startPlannedFor(campaign, campaign.startsAt ?? now, ctx.settings.shopTimeZone);
  return { ...start, dueAt: Math.max(now, start.dueAt) };
}

/**
 * Adds an occurrence and, when it is due soon, the message that begins it; inside a transaction only. One occurrence
 * per campaign and time.
 */
export function scheduleRun(ctx: Context, campaign: number, start: RunStart): Promise<void> {
  return scheduleRuns(ctx, [{ campaign, ...start, plannedAt: null }]);
}

/** The same of many at once. */
export async function scheduleRuns(ctx: Context, runs: readonly RunToBe[]): Promise<void> {
  const n = runs.length;
  await ctx.db.write([sql`UPDATE run_number SET last = ${n} + max(last, coalesce((SELECT max(id) FROM run), 0))`]);
  const made = await ctx.db.all<{ id: number; dueAt: number }>(sql`
    INSERT INTO run (id, campaign, due_at, wall, planned_at, state)
    SELECT last - ${n} + 1 + key, ${field("campaign")}, ${field("dueAt")}, ${field("wall")}, ${field("plannedAt")},
      'PENDING'
    FROM run_number, ${rows(runs)}
    WHERE true ON CONFLICT DO NOTHING RETURNING id, due_at AS dueAt`);
  await ctx.db.write(armRuns(ctx, made));
}

/** The message that begins a run. The queue counts in whole seconds: a run that is due now waits for none of them. */
export function armRun(ctx: Context, run: number, dueAt: number): Query[] {
  return armRuns(ctx, [{ id: run, dueAt }]);
}

function armRuns(ctx: Context, runs: readonly { readonly id: number; readonly dueAt: number }[]): Query[] {
  const now = ctx.clock();
  const soon = runs.filter(({ dueAt }) => dueAt <= now + armingHorizonMs);
  if (soon.length === 0) return [];
  const starts = soon.map(({ id, dueAt }) => campaignStart.of({ run: id }, dueAt > now ? { notBefore: dueAt } : {}));
  return [enqueue(ctx, starts)];
}

/**
 * Begins a due run: freezes whom and what it sends; its job goes on with the first step of planning. Does nothing for a
 * run that has begun, is not due yet, or whose campaign is not active (resuming begins it then). What its action says
 * is frozen only as it is in the moment when the run begins: where it changed meanwhile, or lets nobody begin yet, it
 * is asked again. Its members are counted again: a run that would reach more than was agreed to waits for a second
 * person, IN_REVIEW. Answers whether it may begin at all.
 */
export async function startRun(ctx: Context, input: { run: number }): Promise<Readiness | undefined> {
  const due = await dueCampaign(ctx, input.run);
  if (!due) return undefined;
  const readiness = await readinessOf(ctx, due.campaign);
  if (readiness === "SOON") await ctx.db.write([askAgain(ctx, input.run)]);
  if (readiness === "NOW") {
    await begin(ctx, input.run, { ...due, action: await freezeAction(ctx, due.campaign) });
  }
  return readiness;
}

/** The version is read first: an edit that comes between makes what is read too new, and nothing begins with it. */
async function dueCampaign(ctx: Context, run: number): Promise<Omit<Due, "action"> | undefined> {
  const due = await ctx.db.first<{ campaign: number; version: number; wall: string | null }>(sql`
    SELECT r.campaign, r.wall, ${versionOf(sql`'campaign/' || r.campaign`)} AS version
    FROM run r JOIN campaign c ON c.id = r.campaign
    WHERE r.id = ${run} AND r.state = 'PENDING' AND r.due_at <= ${ctx.clock()} AND c.state = 'ACTIVE'`);
  const campaign = due && (await findCampaign(ctx, due.campaign));
  return campaign && { ...due, campaign };
}

interface Due {
  readonly campaign: Campaign;
  readonly version: number;
  /** As in {@link RunStart}. */
  readonly wall: string | null;
  readonly action: FrozenAction;
}

async function begin(ctx: Context, run: number, { campaign, version, wall, action }: Due): Promise<void> {
  const now = ctx.clock();
  const audience = await audienceOfCampaign(ctx, campaign);
  if (isRefusal(audience)) throw new Error(`campaign ${campaign.id} cannot be read any more: ${audience.message}`);
  const asItWas = sql`state = 'PENDING' AND due_at <= ${now} AND wall IS ${wall}
    AND ${stillAgreed(campaign.id, campaign.frozen)} AND ${stillSays(campaign, version)}`;
  const review = madeSure(
    await reviewOf(ctx, campaign, (upTo) => countMembers(ctx, audience, { shop: campaign.shop, upTo })),
  );
  if (review) {
    await ctx.db.write(holdRun(ctx, run, review, asItWas));
    return;
  }
  const frozen = await freeze(ctx, { campaign, audience, action, wall, asOf: now });
  const { approver } = campaign;
  const members = campaign.frozen?.members ?? null;
  const atMost = members === null ? null : boundOf(ctx, { members, approver });
  await ctx.db.write([
    sql`
      UPDATE run SET state = 'RUNNING', started_at = ${now}, frozen = ${JSON.stringify(frozen)},
        content = ${JSON.stringify(campaign.content)}, at_most = ${atMost}
      WHERE id = ${run} AND ${asItWas} AND ${action.holds(now)}`,
    openFunnel(run, frozen),
    askAgain(ctx, run),
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

/** Asks again soon, where a run is due that has not begun; but for those that wait for a person. */
function askAgain(ctx: Context, run: number): Query {
  const now = ctx.clock();
  const soon = now + askAgainMs;
  const message = campaignStart.of({ run }, { notBefore: soon });
  const waits = sql`EXISTS (
    SELECT 1 FROM run r JOIN campaign c ON c.id = r.campaign
    WHERE r.id = ${run} AND r.state = 'PENDING' AND r.due_at <= ${now} AND c.state = 'ACTIVE')`;
  return enqueue(ctx, [message], sql`${waits} AND ${noneAhead(message.subject, now, soon)}`);
}

interface ToFreeze extends Pick<Due, "campaign" | "action" | "wall"> {
  readonly audience: Audience;
  /** When the run begins. */
  readonly asOf: number;
}

async function freeze(ctx: Context, { campaign, audience, action, wall, asOf }: ToFreeze): Promise<FrozenRun> {
  const highest = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  const { shop } = campaign;
  return {
    audience: frozenPredicate(compileAudience(audience, { asOf, timeZone: ctx.settings.shopTimeZone, shop })),
    maxSeq: highest?.seq ?? 0,
    asOf,
    channels: [...(action.gives ? [action.gives.channel] : []), ...campaign.channels],
    reach: campaign.reach,
    topic: campaign.topic,
    transactional: campaign.transactional,
    popupPriority: campaign.popupPriority,
    endsAt: earlier(campaign.endsAt, action.until),
    byClocks: wall === null ? null : { wall, passed: campaign.localTime?.passed ?? "NOW" },
    action,
  };
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
