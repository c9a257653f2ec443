import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fired, Standing, Timed } from "../../timed.ts";
import { scheduleRuns } from "../run/start.ts";

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

/** A run of it may still send. */
function hasOpenRun(campaign: SQL): SQL {
  return sql`EXISTS (SELECT 1 FROM run r WHERE r.campaign = ${campaign}
    AND r.state IN ('PENDING', 'IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING'))`;
}

function fire(tx: Context, fired: readonly Fired[]): Promise<void> {
  return scheduleRuns(
    tx,
    fired.map(({ thing, plannedAt }) => ({ campaign: thing, dueAt: plannedAt })),
  );
}
