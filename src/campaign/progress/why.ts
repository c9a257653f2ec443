import { sql } from "drizzle-orm";
import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { momentOf, wallIn } from "../../schedule/recurrence/wall.ts";
import { standingRefusals } from "../delivery/refusal.ts";
import { messageChannels, rewardChannel } from "../ledger/channel.ts";
import type { SendState } from "../ledger/send-state.ts";
import { type FrozenRun, frozenRun, matches } from "../run/frozen.ts";
import { findRun, type Run } from "../run/run.ts";
import { type ByClocks, clockOf, isOwnClock } from "../run/zones.ts";
import { campaignSettings } from "../settings.ts";
import { type LedgerRow, outcomeText } from "./outcome-text.ts";

/** Why a member got a run's message or did not. */
export interface MemberWhy {
  /** One sentence about all channels. */
  readonly summary: string;
  /** Per channel what became of it; none where the member is not in the ledger. */
  readonly channels: readonly ChannelWhy[];
  /** What became of the coupon that the run gives, if it does. */
  readonly coupon: RowWhy | null;
}

export interface ChannelWhy extends RowWhy {
  readonly channel: ChannelName;
}

/** A row of the ledger, explained. */
export interface RowWhy {
  readonly state: SendState;
  /** Empty where the state says it all. */
  readonly reason: string;
  /** When it came into that state (ms). */
  readonly at: number;
  readonly words: string;
}

/**
 * Tells in words why a member, by its `seq`, got a run's message or did not: from the ledger, else from what keeps the
 * member out of it.
 */
export async function whyMember(ctx: Context, input: { run: number; member: number }) {
  const run = await findRun(ctx, input.run);
  if (!run) return refuse.notFound("run", input.run);
  const member = await ctx.db.first<MemberRow>(sql`SELECT seq, deleted_at FROM member WHERE seq = ${input.member}`);
  if (!member) return refuse.notFound("member", input.member);
  const why = await whyOf(ctx, run, member);
  const about = { campaign: run.campaign, member: member.seq };
  const told = await Promise.all(ctx.domains.map((domain) => domain.whyTold?.(ctx, about)));
  return { ...why, summary: [why.summary, ...told.filter((words) => words !== undefined)].join(" ") };
}

async function whyOf(ctx: Context, run: Run, member: MemberRow): Promise<MemberWhy> {
  if (run.startedAt === null) return { summary: notBegun(run), channels: [], coupon: null };
  const frozen = await frozenRun(ctx, run.id);
  const found = await ctx.db.all<LedgerRow & { readonly batch_refusal: string | null }>(sql`
    SELECT s.channel, s.state, s.reason, s.at, s.due_at, s.provider_id, s.progress, b.state AS batch_state,
      b.refusal AS batch_refusal
    FROM send s LEFT JOIN batch b ON b.seq = s.batch
    WHERE s.run = ${run.id} AND s.member = ${member.seq}
      AND s.channel IN (SELECT value FROM json_each(${JSON.stringify(frozen.channels)}))`);
  const rows = frozen.channels.flatMap((name) => found.filter(({ channel }) => channel === name));
  if (rows.length === 0) return { summary: await whyAbsent(ctx, run, frozen, member), channels: [], coupon: null };
  const refusals = await standingRefusals(ctx, [run.id]);
  const explained = rows.map((row) => {
    // Asked again last: the newest. A row that is with the provider may be in a batch that it has not refused.
    const refusal = refusals.findLast(({ channel }) => channel === row.channel);
    const isRefused = row.state === "PENDING" || row.batch_refusal !== null;
    return {
      ...row,
      words: outcomeText({ ...row, refusal: isRefused ? refusal : undefined }, run.state, frozen.action),
    };
  });
  return {
    summary: summaryOf(rows, frozen),
    channels: messageChannels(frozen.channels).flatMap((channel) => explained.filter(isOn(channel))),
    coupon: explained.find(({ channel }) => channel === rewardChannel) ?? null,
  };
}

function isOn<Name extends ChannelName>(name: Name) {
  return <Row extends LedgerRow>(row: Row): row is Row & { readonly channel: Name } => row.channel === name;
}

interface MemberRow {
  readonly seq: number;
  readonly deleted_at: number | null;
}

function notBegun({ state, dueAt }: Run): string {
  return state === "CANCELLED"
    ? "Nobody got it: the run was cancelled before it began."
    : `Nobody got it yet: the run has not begun; it is due at ${new Date(dueAt).toISOString()}.`;
}

function summaryOf(rows: readonly LedgerRow[], { action }: FrozenRun): string {
  const sent = rows.filter(({ state }) => state === "SENT").map(({ channel }) => channel);
  const messages = messageChannels(sent);
  if (action.gives && sent.includes(rewardChannel))
    return `${action.gives.describe.summary}${messages.length ? `, and was told on ${messages.join(", ")}` : ""}.`;
  if (messages.length > 0) return `The member got it on ${messages.join(", ")}.`;
  if (rows.some(({ state }) => state === "PENDING" || state === "SENDING")) return "The member has not got it yet.";
  if (rows.some(({ state }) => state === "UNKNOWN")) return "Nobody can say whether the member got it.";
  return "The member did not get it.";
}

/** Why a member is in no row of the ledger. The order of the questions is the order in which a run asks them. */
async function whyAbsent(ctx: Context, run: Run, frozen: FrozenRun, member: MemberRow): Promise<string> {
  if (run.completedAt !== null && run.completedAt < ctx.clock() - campaignSettings.of(ctx).ledgerKeepMs) {
    return "Nobody can say any more: the run ended long ago, and only its sums are kept.";
  }
  const began = new Date(frozen.asOf).toISOString();
  if (member.seq > frozen.maxSeq) return `The member joined after the run began (${began}) and is not in its audience.`;
  const page = await ctx.db.first<{ state: string }>(sql`
    SELECT state FROM page WHERE run = ${run.id} AND from_seq < ${member.seq} AND to_seq >= ${member.seq}
      AND (zone IS NULL OR round = 0 AND zone = (
        SELECT coalesce(m.time_zone, '') FROM member m WHERE m.seq = ${member.seq}))`);
  const written = page?.state === "WRITTEN" || (page === undefined && run.planned);
  if (member.deleted_at !== null) {
    const when = `${new Date(member.deleted_at).toISOString()}${written ? " before it was the member's turn" : ""}`;
    return `The member was erased at ${when}, and nobody erased is sent to.`;
  }
  const now = await ctx.db.first<{ matches: number }>(sql`
    SELECT ${matches(frozen)} AS matches FROM member m WHERE m.seq = ${member.seq}`);
  if (!now?.matches) return "The member does not match the run's audience, as the member is now.";
  if (frozen.byClocks && !run.planned && page?.state !== "PARKED") return itsTurn(ctx, run, frozen.byClocks, member);
  if (written) return "The member matches the run's audience now, but did not when the audience was decided.";
  return notWritten(run, page?.state === "PARKED");
}

/** When it is the member's turn, by the member's own clock. */
async function itsTurn(ctx: Context, { id, state }: Run, byClocks: ByClocks, { seq }: MemberRow): Promise<string> {
  if (state === "PAUSED") return "Not yet: the campaign was paused before it was the member's turn.";
  const row = await ctx.db.first<{ zone: string; at: number | null; planned: number; moved: number }>(sql`
    SELECT coalesce(m.time_zone, '') AS zone, z.at, coalesce(z.planned, 0) AS planned,
      EXISTS (SELECT 1 FROM zone_move v WHERE v.run = ${id} AND v.member = ${seq}) AS moved
    FROM member m LEFT JOIN run_zone z ON z.run = ${id} AND z.zone = coalesce(m.time_zone, '') AND z.planned = 0
    WHERE m.seq = ${seq} ORDER BY z.at LIMIT 1`);
  const zone = row?.zone ?? "";
  const clock = clockOf(ctx, zone);
  const at = row?.at ?? momentOf(byClocks.wall, clock);
  if (at > ctx.clock()) {
    const whose = isOwnClock(zone) ? `the clock in ${zone}` : `the shop's clock, for the member has no zone,`;
    const moment = new Date(at).toISOString();
    return `Not yet: the member's time comes at ${moment}, when ${whose} shows ${wallIn(clock, at)}.`;
  }
  return row?.moved
    ? "Not yet: the member changed into a zone whose time had passed, and is seen to behind the last wave."
    : "Not yet: the member matches, and the page that the member is on has not been written.";
}

function notWritten({ state }: Run, parked: boolean): string {
  if (state === "CANCELLED") return "The run was cancelled before it was the member's turn.";
  if (parked) return "Not yet: the member's page is in the dead letters; replaying it goes on.";
  if (state === "PAUSED") return "Not yet: the campaign was paused before it was the member's turn.";
  return "Not yet: the member matches, and the page that the member is on has not been written.";
}
