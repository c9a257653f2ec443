import { sql } from "drizzle-orm";
import { type ChannelName, isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { compileAudience, liveMember } from "../member/audience.ts";
import { readAudience } from "./audience.ts";
import { batchLimit } from "./batch-window.ts";
import { findCampaign } from "./campaign.ts";
import { skipReason } from "./decision.ts";

/** What a launch would do, were it now. Nothing is changed. */
export interface Simulation {
  readonly matched: number;
  readonly channels: readonly {
    readonly channel: ChannelName;
    readonly reachable: number;
    readonly skipped: readonly { readonly reason: string; readonly n: number }[];
  }[];
  /** Messages that the run would publish: plan steps, pages and batches. */
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
    campaign.channels.map(async (channel) => ({
      channel,
      rows: await ctx.db.all<{ reason: string | null; n: number }>(sql`
        SELECT ${skipReason(channel, campaign, now)} AS reason, count(*) AS n FROM member m WHERE ${where} GROUP BY 1`),
    })),
  );
  const channels = counts.map(({ channel, rows }) => ({
    channel,
    reachable: rows.find((row) => row.reason === null)?.n ?? 0,
    skipped: rows.flatMap(({ reason, n }) => (reason === null ? [] : [{ reason, n }])),
  }));
  const matched = counts[0]?.rows.reduce((sum, { n }) => sum + n, 0) ?? 0;
  return { matched, channels, ...costOf(ctx, matched, channels) };
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
    messages: 2 + pages + Math.ceil(pages / 100) + batches.reduce((sum, { n }) => sum + n, 0),
    seconds: Math.ceil(Math.max(0, ...seconds)),
  };
}
