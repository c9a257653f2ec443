import { sql } from "drizzle-orm";
import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { couponChannel, type LedgerChannel, messageChannels } from "../ledger/channel.ts";
import type { RunState, SendState } from "../run/frozen.ts";
import { waitingFor } from "./waits-for.ts";

/** How far a run is. All counts come from the run and its tally, so that asking costs the same at any size. */
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
  /** Sends in one of their last states, and all that are known of; a send is one member on one channel, or one member's coupon. */
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

/** How far a run is on one channel. */
export interface ChannelProgress extends SendCounts {
  readonly channel: ChannelName;
}

/** The rows of the ledger for one thing that a run does for each member. */
export interface SendCounts {
  readonly counts: Readonly<Record<SendState, number>>;
  /** Why sends were skipped, failed, put off or are unknown; largest first. */
  readonly reasons: readonly { readonly state: SendState; readonly reason: string; readonly n: number }[];
}

export const lastSendStates = ["SENT", "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN"] as const satisfies SendState[];
export const lastRunStates: readonly RunState[] = ["COMPLETED", "CANCELLED", "FAILED"];

/** The progress of each of these runs in the order asked, `undefined` for those that are not there. */
export async function runProgress(ctx: Context, ids: readonly number[]): Promise<(RunProgress | undefined)[]> {
  const wanted = sql`(SELECT value FROM ${rows(ids)})`;
  const [runs, tallies, moves] = await Promise.all([
    ctx.db.all<RunRow>(sql`
      SELECT r.id, r.campaign, r.state, r.due_at, r.pages, r.pages_written, r.planned, r.open_matches, r.matched, r.started_at,
        r.completed_at, (${nextWake}) AS next_wake, coalesce(r.frozen ->> '$.channels', c.channels) AS channels
      FROM run r JOIN campaign c ON c.id = r.campaign WHERE r.id IN ${wanted}`),
    ctx.db.all<TallyRow>(sql`SELECT run, channel, state, reason, n FROM tally WHERE run IN ${wanted} AND n > 0`),
    ctx.db.all<PauseRow>(sql`
      SELECT r.id AS run, t.to_state, t.at FROM run r JOIN transition t ON t.campaign = r.campaign
      WHERE r.id IN ${wanted} AND t.to_state IN ('PAUSED', 'ACTIVE', 'CANCELLED') ORDER BY t.id`),
  ]);
  return ids.map((id) => {
    const run = runs.find((row) => row.id === id);
    const mine = { tally: tallies.filter((row) => row.run === id), moves: moves.filter((row) => row.run === id) };
    return run && progressOf(ctx, run, mine.tally, mine.moves);
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
  /** JSON list. */
  readonly channels: string;
}

interface TallyRow {
  readonly run: number;
  readonly channel: LedgerChannel;
  readonly state: SendState;
  readonly reason: string;
  readonly n: number;
}

interface PauseRow {
  readonly run: number;
  readonly to_state: string;
  readonly at: number;
}

/** When the first of the sends of run `r` that were put off are due. */
const nextWake = sql`
  SELECT min(s.due_at) FROM send s INDEXED BY send_deferred WHERE s.run = r.id AND s.state = 'PENDING' AND s.reason <> ''`;

function progressOf(ctx: Context, run: RunRow, tally: readonly TallyRow[], moves: readonly PauseRow[]): RunProgress {
  const names: LedgerChannel[] = JSON.parse(run.channels);
  const countsOf = (name: LedgerChannel) => sendCounts(tally.filter(({ channel }) => channel === name));
  const channels = messageChannels(names).map((channel) => ({ channel, ...countsOf(channel) }));
  const coupons = names.includes(couponChannel) ? countsOf(couponChannel) : null;
  const all = [...channels, ...(coupons ? [coupons] : [])];
  const done = all.reduce((sum, { counts }) => sum + lastSendStates.reduce((n, state) => n + counts[state], 0), 0);
  const total = knownMatches(ctx, run) * names.length;
  const now = ctx.clock();
  const active = activeSeconds(run, moves, now);
  const perSecond = active > 0 ? done / active : 0;
  // Quiet hours end when they end, whatever the rate.
  const isQuiet = channels.some(({ reasons }) =>
    reasons.some((r) => r.state === "PENDING" && r.reason === "QUIET_HOURS"),
  );
  const moving = (run.state === "RUNNING" && !isQuiet) || run.state === "CANCELLING";
  const facts = {
    state: run.state,
    dueAt: run.due_at,
    planned: run.planned === 1,
    pagesLeft: run.pages - run.pages_written,
    nextWake: run.next_wake,
  };
  return {
    run: run.id,
    campaign: run.campaign,
    state: run.state,
    matched: run.matched,
    pages: run.pages,
    pagesWritten: run.pages_written,
    planned: facts.planned,
    done,
    total,
    perSecond,
    etaSeconds: moving && perSecond > 0 ? Math.ceil(Math.max(0, total - done) / perSecond) : null,
    dueAt: run.due_at,
    startedAt: run.started_at,
    completedAt: run.completed_at,
    waitsFor: waitingFor(facts, channels, now),
    channels,
    coupons,
  };
}

function sendCounts(tally: readonly TallyRow[]): SendCounts {
  const counts = { PENDING: 0, SENDING: 0, SENT: 0, FAILED: 0, SKIPPED: 0, CANCELLED: 0, UNKNOWN: 0 };
  for (const { state, n } of tally) counts[state] += n;
  const reasons = tally
    .filter(({ reason }) => reason !== "")
    .map(({ state, reason, n }) => ({ state, reason, n }))
    .sort((a, b) => b.n - a.n || a.reason.localeCompare(b.reason));
  return { counts, reasons };
}

/** Every page but the one planned last is full; so the whole is known before it is written. */
function knownMatches({ settings }: Context, run: RunRow): number {
  if (run.planned === 1 && run.pages === run.pages_written) return run.matched;
  const full = run.planned === 1 && run.open_matches > 0 ? run.pages - 1 : run.pages;
  return Math.max(run.matched, full * settings.pageSize + run.open_matches);
}

/** Seconds for which the run was neither paused nor over. */
function activeSeconds(run: RunRow, moves: readonly PauseRow[], now: number): number {
  if (run.started_at === null) return 0;
  const end = run.completed_at ?? now;
  let [active, from]: [number, number | undefined] = [0, run.started_at];
  for (const { to_state, at } of moves) {
    if (at < run.started_at || at > end) continue;
    if (to_state === "PAUSED" && from !== undefined) [active, from] = [active + at - from, undefined];
    else from ??= at;
  }
  return (active + (from === undefined ? 0 : end - from)) / 1000;
}
