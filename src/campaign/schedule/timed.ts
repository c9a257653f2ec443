import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fired, Standing, Timed } from "../../timed.ts";
import { scheduleRuns, startPlannedFor } from "../run/start.ts";
import type { Campaign } from "../table.ts";

/** Campaigns as schedules set them off: each of their times is a run. */
export const timedCampaign: Timed<Context> = { standings, fire };

async function standings(tx: Context, campaigns: readonly number[]): Promise<ReadonlyMap<number, Standing>> {
  const found = await tx.db.all<{ id: number; standing: Standing }>(sql`
    SELECT c.id, CASE
        WHEN c.state IN ('ENDED', 'CANCELLED') OR c.deleted_at IS NOT NULL OR c.ends_at <= ${tx.clock()} THEN 'OVER'
        WHEN c.state <> 'ACTIVE' THEN 'OFF'
        WHEN ${hasOpenRun(sql`c.id`)} THEN 'BUSY' ELSE 'READY' END AS standing
    FROM campaign c WHERE c.id IN (SELECT value FROM json_each(${JSON.stringify(campaigns)}))`);
  return new Map(found.map(({ id, standing }) => [id, standing]));
}

/**
 * A run of it may still send. One that goes round the earth by members' clocks does so for a day and more: while it has
 * waves to come, the next date's begins, and they do not overlap.
 */
function hasOpenRun(campaign: SQL): SQL {
  return sql`EXISTS (SELECT 1 FROM run r WHERE r.campaign = ${campaign}
    AND r.state IN ('PENDING', 'IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING')
    AND NOT (r.wall IS NOT NULL AND r.state IN ('PENDING', 'RUNNING') AND r.planned = 0))`;
}

async function fire(tx: Context, fired: readonly Fired[]): Promise<void> {
  const byClocks = await clocksOf(
    tx,
    fired.map(({ thing }) => thing),
  );
  const runs = fired.map(({ thing: campaign, plannedAt }) => {
    const { zone, localTime } = byClocks.get(campaign) ?? { zone: tx.settings.shopTimeZone, localTime: null };
    return { campaign, plannedAt, ...startPlannedFor({ localTime }, plannedAt, zone) };
  });
  return scheduleRuns(tx, runs);
}

/** Of these campaigns those for which members' own clocks count, with the zone by which their times are planned. */
async function clocksOf(tx: Context, campaigns: readonly number[]) {
  const found = await tx.db.all<{ id: number; zone: string; localTime: string }>(sql`
    SELECT id, schedule ->> '$.zone' AS zone, local_time AS localTime FROM campaign
    WHERE local_time IS NOT NULL AND id IN (SELECT value FROM json_each(${JSON.stringify(campaigns)}))`);
  return new Map(
    found.map(({ id, zone, localTime }) => [id, { zone, localTime: JSON.parse(localTime) as Campaign["localTime"] }]),
  );
}
