import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { inReach } from "../../shop.ts";
import { type StandingRefusal, standingRefusals } from "../delivery/refusal.ts";
import { RunReview } from "../frozen-campaign.ts";
import { type LedgerChannel, messageChannels, rewardChannel } from "../ledger/channel.ts";
import { nextWave } from "../run/zones.ts";
import { campaignSettings } from "../settings.ts";
import type { RunState } from "../state.ts";
import {
  areDeferred,
  type ChannelProgress,
  type CountRow,
  doneOf,
  type SendCounts,
  sendCounts,
} from "./send-counts.ts";
import { waitingFor } from "./waits-for.ts";

/** How far a run is. All of it comes from the run and its counts, so that asking costs the same at any size. */
export interface RunProgress {
  readonly run: number;
  readonly campaign: number;
  readonly state: RunState;
  /** Members in written pages. */
  readonly matched: number;
  readonly pages: number;
  readonly pagesWritten: number;
  /** Whether the audience is cut into pages completely: from then on `total` stays. */
  readonly planned: boolean;
  /**
   * Sends in one of their last states, and all that are known of; a send is one member on one channel, or one member's
   * coupon.
   */
  readonly done: number;
  readonly total: number;
  /** Sends done per second since the start, times of pause left out. */
  readonly perSecond: number;
  /** Seconds to the end at that rate; null when that cannot be said. */
  readonly etaSeconds: number | null;
  /** When it is or was due, began and ended (ms). */
  readonly dueAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  /** In words; null once it has ended. */
  readonly waitsFor: string | null;
  /** In the campaign's order. */
  readonly channels: readonly ChannelProgress[];
  /** Of a run that gives coupons, what became of them: SENT are given. */
  readonly coupons: SendCounts | null;
}

/** The progress of each of these runs in the order asked, `undefined` for those that the actor knows nothing of. */
export async function runProgress(ctx: Context, ids: readonly number[]): Promise<(RunProgress | undefined)[]> {
  const wanted = sql`(SELECT value FROM ${rows(ids)})`;
  const [runs, counts, transitions, refusals] = await Promise.all([
    ctx.db.all<RunRow>(sql`
      SELECT r.id, r.campaign, r.state, r.due_at, r.pages, r.pages_written, r.planned, r.open_matches, r.matched,
        r.started_at, r.completed_at, r.review, (${nextWake}) AS next_wake,
        r.wall, ${nextWave(sql`r.id`)} AS next_wave, (SELECT sum(z.found) FROM run_zone z WHERE z.run = r.id) AS found,
        coalesce(r.frozen ->> '$.channels', c.channels) AS channels, (${untold}) AS untold, (${ungiven}) AS ungiven
      FROM run r JOIN campaign c ON c.id = r.campaign WHERE r.id IN ${wanted} AND ${inReach(ctx, sql`c.shop`)}`),
    ctx.db.all<CountRow>(sql`SELECT run, channel, state, reason, n FROM tally WHERE run IN ${wanted} AND n > 0`),
    ctx.db.all<TransitionRow>(sql`
      SELECT r.id AS run, t.to_state, t.at FROM run r JOIN audit t ON t.subject = 'campaign/' || r.campaign
      WHERE r.id IN ${wanted} AND t.to_state IN ('PAUSED', 'ACTIVE', 'CANCELLED') ORDER BY t.id`),
    standingRefusals(ctx, ids),
  ]);
  return ids.map((id) => {
    const run = runs.find((row) => row.id === id);
    const ofRun = (row: { readonly run: number }) => row.run === id;
    const rows = { counts: counts.filter(ofRun), transitions: transitions.filter(ofRun) };
    return run && progressOf(ctx, run, { ...rows, refusals: refusals.filter(ofRun) });
  });
}

interface RunRow {
  readonly id: number;
  readonly campaign: number;
  readonly state: RunState;
  readonly due_at: number;
  readonly pages: number;
  readonly pages_written: number;
  readonly planned: number;
  readonly open_matches: number;
  readonly matched: number;
  readonly started_at: number | null;
  readonly completed_at: number | null;
  readonly next_wake: number | null;
  readonly wall: string | null;
  readonly next_wave: number | null;
  /** Of a run by members' clocks: those who were found when pages were cut. */
  readonly found: number | null;
  readonly untold: number;
  readonly ungiven: number;
  /** JSON. */
  readonly review: string | null;
  /** JSON list. */
  readonly channels: string;
}

interface TransitionRow {
  readonly run: number;
  readonly to_state: string;
  readonly at: number;
}

/** When the first of the deferred sends of run `r` are due. */
const nextWake = sql`
  SELECT min(s.due_at) FROM send s INDEXED BY send_deferred
  WHERE s.run = r.id AND s.state = 'PENDING' AND s.reason <> ''`;

/** Whether campaign `c` tells of a promotion that is not enabled. */
const untold = sql`
  c.promotion IS NOT NULL AND NOT EXISTS (SELECT 1 FROM promotion p WHERE p.id = c.promotion AND p.enabled = 1)`;

/** Whether campaign `c` tells of a promotion that gives coupons which are given no more. */
const ungiven = sql`EXISTS (
  SELECT 1 FROM promotion p, json_each(p.tiers) t, coupon_template k
  WHERE p.id = c.promotion AND k.id = t.value ->> 'couponTemplate' AND k.state IN ('ENDED', 'WITHDRAWN'))`;

/** What is kept of a run besides its row. */
interface RunRows {
  readonly counts: readonly CountRow[];
  readonly transitions: readonly TransitionRow[];
  readonly refusals: readonly StandingRefusal[];
}

function progressOf(ctx: Context, run: RunRow, { counts, transitions, refusals }: RunRows): RunProgress {
  const names: LedgerChannel[] = JSON.parse(run.channels);
  const countsOf = (name: LedgerChannel) => sendCounts(counts.filter(({ channel }) => channel === name));
  const refused = new Map(run.completed_at === null ? refusals.map((each) => [each.channel as string, each]) : []);
  const channels = messageChannels(names).map((channel) => ({
    channel,
    ...countsOf(channel),
    refusal: refused.get(channel) ?? null,
  }));
  const coupons = names.includes(rewardChannel) ? countsOf(rewardChannel) : null;
  const done = doneOf([...channels, ...(coupons ? [coupons] : [])]);
  const total = knownMatches(ctx, run) * names.length;
  const now = ctx.clock();
  const planned = run.planned === 1;
  const facts = {
    state: run.state,
    dueAt: run.due_at,
    planned,
    pagesLeft: run.pages - run.pages_written,
    nextWake: run.next_wake,
    isByClocks: run.wall !== null,
    nextWave: run.next_wave,
    tellsNothing: run.untold === 1,
    tellsOfNone: run.ungiven === 1,
    review: run.review === null ? null : RunReview.parse(JSON.parse(run.review)),
  };
  return {
    run: run.id,
    campaign: run.campaign,
    state: run.state,
    matched: run.matched,
    pages: run.pages,
    pagesWritten: run.pages_written,
    planned,
    done,
    total,
    ...paceOf(run, { channels, done, total, active: activeSeconds(run, transitions, now) }),
    dueAt: run.due_at,
    startedAt: run.started_at,
    completedAt: run.completed_at,
    waitsFor: waitingFor(facts, channels, now),
    channels,
    coupons,
  };
}

/** Sends a second, and how long the rest will take. Quiet hours end, and waves come, whatever the rate. */
function paceOf(
  { state, next_wave }: RunRow,
  { channels, done, total, active }: { channels: ChannelProgress[]; done: number; total: number; active: number },
): Pick<RunProgress, "perSecond" | "etaSeconds"> {
  const perSecond = active > 0 ? done / active : 0;
  const isMoving =
    (state === "RUNNING" && next_wave === null && !areDeferred(channels, "QUIET_HOURS")) || state === "CANCELLING";
  const etaSeconds = isMoving && perSecond > 0 ? Math.ceil(Math.max(0, total - done) / perSecond) : null;
  return { perSecond, etaSeconds };
}

/** Every page but the one planned last is full; so the whole is known before it is written. */
function knownMatches(ctx: Context, run: RunRow): number {
  if (run.planned === 1 && run.pages === run.pages_written) return run.matched;
  if (run.wall !== null) return Math.max(run.matched, run.found ?? 0);
  const full = run.planned === 1 && run.open_matches > 0 ? run.pages - 1 : run.pages;
  return Math.max(run.matched, full * campaignSettings.of(ctx).pageSize + run.open_matches);
}

/** Seconds for which the run was neither paused nor over. */
function activeSeconds(run: RunRow, transitions: readonly TransitionRow[], now: number): number {
  if (run.started_at === null) return 0;
  const end = run.completed_at ?? now;
  let [active, from]: [number, number | undefined] = [0, run.started_at];
  for (const { to_state, at } of transitions) {
    if (at < run.started_at || at > end) continue;
    if (to_state === "PAUSED" && from !== undefined) [active, from] = [active + at - from, undefined];
    else from ??= at;
  }
  return (active + (from === undefined ? 0 : end - from)) / 1000;
}
