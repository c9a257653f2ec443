import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { compileAudience, liveMember } from "../member/audience.ts";
import { readAudience } from "./audience.ts";
import { batchLimit } from "./batch-window.ts";
import { findCampaign } from "./campaign.ts";
import { type SkipReason, skipReason, skipReasons } from "./decision.ts";

/** What a launch would do, were it now. Nothing is changed. */
export interface Simulation {
  readonly matched: number;
  readonly channels: readonly {
    readonly channel: ChannelName;
    readonly reachable: number;
    readonly skipped: readonly { readonly reason: string; readonly n: number }[];
  }[];
  /** Messages that the run would publish: one a page, planning included, and one a batch. */
  readonly messages: number;
  /** The least time that providers' rate limits leave for it, in seconds. */
  readonly seconds: number;
}

/** Counts whom a launch would reach and why others would be skipped; shared addresses and FIRST_REACHABLE are not foreseen. */
export async function simulateLaunch(ctx: Context, input: { id: number }): Promise<Simulation | Refusal> {
  const campaign = await findCampaign(ctx, input.id);
  if (!campaign) return refuse.notFound("campaign", input.id);
  const audience = await readAudience(ctx, campaign.audience);
  if (isRefusal(audience)) return audience;
  const now = ctx.clock();
  const where = sql`${liveMember} AND ${compileAudience(audience, { asOf: now, timeZone: ctx.settings.shopTimeZone, from: "index" })}`;
  const counts = await Promise.all(
    campaign.channels.map((channel) => ctx.db.first<Counts>(countDecisions(skipReason(channel, campaign, now), where))),
  );
  const channels = campaign.channels.map((channel, i) => ({
    channel,
    reachable: counts[i]?.REACHABLE ?? 0,
    skipped: reasons.flatMap((reason) => (counts[i]?.[reason] ? [{ reason, n: counts[i][reason] }] : [])),
  }));
  const matched = counts[0]?.MATCHED ?? 0;
  return { matched, channels, ...costOf(ctx, matched, channels) };
}

const reasons = Object.keys(skipReasons) as SkipReason[];
type Counts = Readonly<Record<SkipReason | "MATCHED" | "REACHABLE", number>>;

/** One walk with a counter per reason: a GROUP BY would sort the whole audience in memory. */
function countDecisions(skip: SQL, where: SQL): SQL {
  const counters = reasons.map((reason) => sql.raw(`count(*) FILTER (WHERE skip = '${reason}') AS ${reason}`));
  return sql`
    SELECT count(*) AS MATCHED, count(*) FILTER (WHERE skip IS NULL) AS REACHABLE, ${sql.join(counters, sql`, `)}
    FROM (SELECT ${skip} AS skip FROM member m WHERE ${where} LIMIT -1)`;
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
