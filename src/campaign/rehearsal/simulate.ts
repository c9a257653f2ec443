import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, isExternal } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { compileAudience, liveMember } from "../../member/audience.ts";
import { type CouponOffer, couponOffer } from "../action/coupon-offer.ts";
import { type CouponSimulation, simulateCoupons } from "../action/coupon-simulation.ts";
import { readAudience } from "../audience.ts";
import { type Pressure, pressureOn, withCaps } from "../caps/caps.ts";
import { inTime, quietHours } from "../caps/quiet-hours-deferral.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { couponSkipReason, type SkipReason, skipReason, skipReasons } from "../ledger/decision.ts";
import { batchLimit } from "../run/batch-window.ts";

/** What a launch would do, were it now. Nothing is changed. */
export interface Simulation {
  readonly matched: number;
  readonly channels: readonly {
    readonly channel: ChannelName;
    readonly reachable: number;
    /** Of these, how many are in their quiet hours now and would be sent to when those end. */
    readonly putOff: number;
    readonly skipped: readonly { readonly reason: string; readonly n: number }[];
  }[];
  /** Of a campaign that gives coupons or invites to claim them. */
  readonly coupons: CouponSimulation | null;
  /** Messages that the run would publish: one a page, planning included, and one a batch. */
  readonly messages: number;
  /** The least time that providers' rate limits leave for it, in seconds. */
  readonly seconds: number;
}

/**
 * Counts whom a launch would reach and why others would be skipped. Not foreseen are shared addresses, FIRST_REACHABLE, members for whom no
 * coupon is left, and what sends of this very campaign, or of others under way, use up of the caps until it is a member's turn.
 */
export async function simulateLaunch(ctx: Context, input: { id: number }): Promise<Simulation | Refusal> {
  const campaign = await findCampaign(ctx, input.id);
  if (!campaign) return refuse.notFound("campaign", input.id);
  const audience = await readAudience(ctx, campaign.audience);
  if (isRefusal(audience)) return audience;
  const now = ctx.clock();
  const where = sql`${liveMember} AND ${compileAudience(audience, { asOf: now, timeZone: ctx.settings.shopTimeZone, from: "index" })}`;
  const offer = await couponOffer(ctx, campaign);
  const facts = { ...campaign, coupon: offer };
  const counts = await Promise.all(
    campaign.channels.map(async (channel) => {
      const pressure = await pressureOn(ctx, channel, campaign, now);
      return ctx.db.first<Counts>(countDecisions(decisionOf(channel, facts, pressure, now), where));
    }),
  );
  const channels = campaign.channels.map((channel, i) => ({
    channel,
    reachable: counts[i]?.REACHABLE ?? 0,
    putOff: counts[i]?.PUT_OFF ?? 0,
    skipped: reasons.flatMap((reason) => (counts[i]?.[reason] ? [{ reason, n: counts[i][reason] }] : [])),
  }));
  const coupons = offer && (await simulateCoupons(ctx, { offer, facts, where }));
  const matched = counts[0]?.MATCHED ?? (await countMembers(ctx, where));
  return { matched, channels, coupons, ...costOf(ctx, matched, channels) };
}

async function countMembers(ctx: Context, where: SQL): Promise<number> {
  return (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM member m WHERE ${where}`))?.n ?? 0;
}

type Facts = Campaign & { readonly coupon: CouponOffer | null };

const reasons = Object.keys(skipReasons) as SkipReason[];
type Counts = Readonly<Record<SkipReason | "MATCHED" | "REACHABLE" | "PUT_OFF", number>>;

/** A skip reason, PUT_OFF, or null where the member would be sent to at once. Caps are not asked of those who are put off, as in a run. */
function decisionOf(channel: ChannelName, campaign: Facts, pressure: Pressure, now: number): SQL {
  const reason = ofReceivers(campaign, skipReason(channel, campaign, now), now);
  if (!pressure.quiet) return withCaps(reason, pressure);
  const { until } = pressure.quiet;
  const quiet = sql`CASE WHEN ${until} IS NOT NULL THEN CASE WHEN ${inTime(until, campaign.endsAt)} THEN 'PUT_OFF' ELSE ${quietHours} END END`;
  return withCaps(sql`coalesce(${reason}, ${quiet})`, pressure);
}

/** Where coupons are given, messages are for those who get one. */
function ofReceivers(campaign: Facts, reason: SQL, now: number): SQL {
  if (campaign.coupon?.kind !== "COUPON_ISSUE") return reason;
  return sql`CASE WHEN ${couponSkipReason(campaign.coupon, campaign, now)} IS NOT NULL THEN 'NO_COUPON' ELSE ${reason} END`;
}

/** One walk with a counter per reason: a GROUP BY would sort the whole audience in memory. */
function countDecisions(decision: SQL, where: SQL): SQL {
  const counters = ["PUT_OFF", ...reasons].map((reason) =>
    sql.raw(`count(*) FILTER (WHERE decision = '${reason}') AS ${reason}`),
  );
  return sql`
    SELECT count(*) AS MATCHED, count(*) FILTER (WHERE decision IS NULL OR decision = 'PUT_OFF') AS REACHABLE, ${sql.join(counters, sql`, `)}
    FROM (SELECT ${decision} AS decision FROM member m WHERE ${where} LIMIT -1)`;
}

function costOf(
  ctx: Context,
  matched: number,
  channels: Simulation["channels"],
): Pick<Simulation, "messages" | "seconds"> {
  const sends = channels.filter(({ channel }) => isExternal(channel));
  const batches = sends.map(({ channel, reachable }) => ({
    channel,
    n: Math.ceil(reachable / batchLimit(ctx, channel)),
  }));
  const pages = Math.ceil(matched / ctx.settings.pageSize);
  const seconds = batches.map(
    ({ channel, n }) => n / (ctx.settings.limits[channel]?.ratePerSecond ?? Number.POSITIVE_INFINITY),
  );
  return {
    messages: Math.max(1, pages) + batches.reduce((sum, { n }) => sum + n, 0),
    seconds: Math.ceil(Math.max(0, ...seconds)),
  };
}
