import { type SQL, sql } from "drizzle-orm";
import { type Audience, compileAudience, liveMember } from "../../audience/audience.ts";
import { type ChannelName, factsOf, isExternal } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { countMembers } from "../../member/member-search.ts";
import type { FrozenAction } from "../action/define.ts";
import { freezeAction } from "../action/index.ts";
import type { RewardSimulation } from "../action/simulation.ts";
import { audienceOfCampaign } from "../approval/freeze.ts";
import { type ChannelCaps, capsOn, withCaps } from "../caps/caps.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { inTime, rewardSkipReason, skipReason } from "../ledger/decision.ts";
import { reasonText, skipReasons } from "../ledger/skip-reason.ts";
import type { RunLocalTime } from "../progress/waves.ts";
import { batchLimit } from "../run/batch-window.ts";
import { campaignSettings } from "../settings.ts";
import { foreseenWaves } from "./foreseen-waves.ts";
import { type MessageSize, priceOf, rehearse } from "./rehearse.ts";

/** What a launch would do, were it now. Nothing is changed. */
export interface Simulation {
  readonly matched: number;
  readonly channels: readonly {
    readonly channel: ChannelName;
    readonly reachable: number;
    /** Of these, how many are in their quiet hours now and would be sent to when those end. */
    readonly deferred: number;
    readonly skipped: readonly { readonly reason: string; readonly n: number }[];
    /**
     * Of text messages: about how many segments they would be, and what those cost, by the messages of the first
     * members.
     */
    readonly size?: Pick<MessageSize, "segments" | "price" | "currency">;
  }[];
  /** Of a campaign that gives coupons or invites to claim them. */
  readonly coupons: RewardSimulation | null;
  /** Where members' own clocks count: its waves, and whom they find; null where all are reached at one moment. */
  readonly localTime: RunLocalTime | null;
  /** Messages that the run would publish: one a page, planning included, and one a batch. */
  readonly messages: number;
  /** The least time that providers' rate limits leave for it, in seconds. */
  readonly seconds: number;
}

/** Counts whom a launch of a campaign would reach and why others would be skipped. */
export async function simulateLaunch(ctx: Context, input: { id: number }) {
  const campaign = await findCampaign(ctx, input.id);
  return campaign ? simulateCampaign(ctx, campaign) : refuse.notFound("campaign", input.id);
}

/**
 * The same of what is not written down yet. Not foreseen are shared addresses, FIRST_REACHABLE, members for whom no
 * coupon is left, and what sends of this very campaign, or of others under way, use up of the caps until it is a
 * member's turn.
 */
export async function simulateCampaign(ctx: Context, campaign: Campaign) {
  const audience = await audienceOfCampaign(ctx, campaign);
  if (isRefusal(audience)) return audience;
  const { shop } = campaign;
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, shop, from: "index" } as const;
  const where = sql`${liveMember} AND ${compileAudience(audience, env)}`;
  const action = await freezeAction(ctx, campaign);
  const counts: ChannelCounts[] = [];
  for (const channel of campaign.channels) {
    const counted = await countChannel(ctx, { campaign, action, channel, audience, where });
    if (isRefusal(counted)) return counted;
    counts.push(counted);
  }
  const coupons = await action.simulate(ctx, { where, endsAt: campaign.endsAt });
  if (isRefusal(coupons)) return coupons;
  const matched = counts[0]?.matched ?? (await countMembers(ctx, audience, { shop }));
  if (isRefusal(matched)) return matched;
  const localTime = await foreseenWaves(ctx, campaign, where);
  if (isRefusal(localTime)) return localTime;
  const channels = counts.map(({ matched: _, ...channel }) => channel);
  return { matched, channels, coupons, localTime, ...costOf(ctx, matched, channels) };
}

/** What is counted: the members whom `where` selects, on one channel of a campaign. */
interface ChannelQuestion {
  readonly campaign: Campaign;
  readonly action: FrozenAction;
  readonly channel: ChannelName;
  readonly audience: Audience;
  readonly where: SQL;
}

type ChannelCounts = Simulation["channels"][number] & { readonly matched: number };

async function countChannel(ctx: Context, question: ChannelQuestion): Promise<ChannelCounts | HeavyRefusal> {
  const { campaign, action, channel, where } = question;
  const now = ctx.clock();
  const caps = await capsOn(ctx, channel, campaign, now);
  const reasons = [...Object.keys(skipReasons), ...(action.gives ? [action.gives.missing] : [])];
  const all = [...new Set([...reasons, ...action.skipRules(now).map(([reason]) => reason)])];
  const counts = await ctx.heavy.first<Record<string, number>>(
    countDecisions(decisionOf(question, caps, now), all, where),
  );
  if (isRefusal(counts)) return counts;
  const size = await sizeOfAll(ctx, question, counts?.REACHABLE ?? 0);
  if (isRefusal(size)) return size;
  return {
    channel,
    matched: counts?.MATCHED ?? 0,
    reachable: counts?.REACHABLE ?? 0,
    deferred: counts?.[deferred] ?? 0,
    skipped: all.flatMap((reason) => (counts?.[reason] ? [{ reason, n: counts[reason] }] : [])),
    ...size,
  };
}

/** Members whose messages are looked at. */
const looked = 20;

async function sizeOfAll(ctx: Context, question: ChannelQuestion, reachable: number) {
  if (factsOf(question.channel).segmented === undefined) return undefined;
  const rehearsed = await rehearse(ctx, { ...question, members: looked });
  if (isRefusal(rehearsed)) return rehearsed;
  const { segments } = rehearsed;
  if (segments.length === 0 && reachable > 0) return undefined; // none of them could be measured
  const sum = segments.reduce((all, each) => all + each, 0);
  const total = segments.length === 0 ? 0 : Math.ceil((sum / segments.length) * reachable);
  return { size: { segments: total, ...priceOf(ctx, total) } };
}

const deferred = "DEFERRED";

/**
 * A skip reason, DEFERRED, or null where the member would be sent to at once. Caps are not asked of those who are
 * deferred, as in a run.
 */
function decisionOf({ campaign, action, channel }: ChannelQuestion, caps: ChannelCaps, now: number): SQL {
  const { topic, endsAt } = campaign;
  const reason = skipReason(channel, { topic, endsAt, rules: action.skipRules(now) }, now);
  const received = ofReceivers({ campaign, action }, reason, now);
  if (!caps.quiet) return withCaps(received, caps);
  const { until } = caps.quiet;
  const quiet = sql`
    CASE WHEN ${until} IS NOT NULL THEN
      CASE WHEN ${inTime(until, endsAt)} THEN ${sql.raw(`'${deferred}'`)} ELSE ${reasonText("QUIET_HOURS")} END
    END`;
  return withCaps(sql`coalesce(${received}, ${quiet})`, caps);
}

/** Where something is given, messages are for those who get it. */
function ofReceivers(
  { campaign, action }: Pick<ChannelQuestion, "campaign" | "action">,
  reason: SQL,
  now: number,
): SQL {
  if (!action.gives) return reason;
  const withheld = rewardSkipReason({ endsAt: campaign.endsAt, rules: action.gives.skipRules(now) }, now);
  const missing = sql.raw(`'${action.gives.missing}'`);
  return sql`CASE WHEN ${withheld} IS NOT NULL THEN ${missing} ELSE ${reason} END`;
}

/** One walk with a counter per reason: a GROUP BY would sort the whole audience in memory. */
function countDecisions(decision: SQL, reasons: readonly string[], where: SQL): SQL {
  const counters = [deferred, ...reasons].map((reason) =>
    sql.raw(`count(*) FILTER (WHERE decision = '${reason}') AS ${reason}`),
  );
  return sql`
    SELECT count(*) AS MATCHED, count(*) FILTER (WHERE decision IS NULL OR decision = ${deferred}) AS REACHABLE,
      ${sql.join(counters, sql`, `)}
    FROM (SELECT ${decision} AS decision FROM member m WHERE ${where} LIMIT -1)`;
}

function costOf(
  ctx: Context,
  matched: number,
  channels: Simulation["channels"],
): Pick<Simulation, "messages" | "seconds"> {
  const batches = channels
    .filter(({ channel }) => isExternal(channel))
    .map(({ channel, reachable }) => ({ channel, n: Math.ceil(reachable / batchLimit(ctx, channel)) }));
  const pages = Math.ceil(matched / campaignSettings.of(ctx).pageSize);
  const seconds = batches.map(
    ({ channel, n }) => n / (ctx.settings.limits[channel]?.ratePerSecond ?? Number.POSITIVE_INFINITY),
  );
  return {
    messages: Math.max(1, pages) + batches.reduce((sum, { n }) => sum + n, 0),
    seconds: Math.ceil(Math.max(0, ...seconds)),
  };
}
