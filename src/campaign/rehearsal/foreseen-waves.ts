import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import { isRefusal } from "../../errors.ts";
import { timingOf } from "../../schedule/facts.ts";
import { previewOf } from "../../schedule/preview.ts";
import { type RunLocalTime, roundTheEarth } from "../progress/waves.ts";
import { startOf, startPlannedFor } from "../run/start.ts";
import { judged, newZone } from "../run/zones.ts";
import type { Campaign } from "../table.ts";

/**
 * How the next run of a campaign would go round the earth by members' clocks, were it launched now: its waves with the
 * members `m` whom `where` selects, as they are. Null where all are reached at one moment, or no time is left.
 */
export async function foreseenWaves(
  ctx: Context,
  campaign: Campaign,
  where: SQL,
): Promise<RunLocalTime | null | HeavyRefusal> {
  if (!campaign.localTime) return null;
  const wall = await nextWall(ctx, campaign);
  if (wall === null) return null;
  const zones = await ctx.heavy.all<{ zone: string; members: number }>(sql`
    SELECT coalesce(m.time_zone, '') AS zone, count(*) AS members FROM member m WHERE ${where} GROUP BY 1`);
  if (isRefusal(zones)) return zones;
  const byClocks = { wall, passed: campaign.localTime.passed };
  const foreseen = zones.map(({ zone, members }) => {
    const { at, skipped } = judged(ctx, byClocks, newZone(ctx, byClocks, zone));
    return { zone, members, at, skipped, planned: 0, open: 0 };
  });
  return roundTheEarth(
    ctx,
    wall,
    foreseen.toSorted((a, b) => a.at - b.at || (a.zone < b.zone ? -1 : 1)),
  );
}

async function nextWall(ctx: Context, campaign: Campaign): Promise<string | null> {
  const { schedule } = campaign;
  if (!schedule) return startOf(ctx, campaign).wall;
  const next = (await previewOf(ctx, timingOf(schedule), { n: 100 })).find(({ excluded }) => !excluded);
  return next ? startPlannedFor(campaign, next.at, schedule.zone).wall : null;
}
