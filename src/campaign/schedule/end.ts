import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isScheduled, wasScheduled } from "../../schedule/schedule.ts";
import { endSchedule } from "../../schedule/start.ts";

/** Campaigns of which the schedule is ended at once. */
const atOnce = 100;

/** Ends what recurs where nothing more comes of it: past the campaign's end, or after its schedule's last time. */
export async function endRecurring(ctx: Context): Promise<void> {
  await withTransaction(ctx, async (tx) => {
    const over = await tx.db.all<{ id: number }>(sql`
      SELECT id FROM campaign WHERE state IN ('ACTIVE', 'PAUSED') AND ends_at <= ${tx.clock()}
        AND ${isScheduled("campaign", sql`campaign.id`)} LIMIT ${atOnce}`);
    for (const { id } of over) await tx.db.write(endSchedule(tx, "campaign", id));
    await tx.db.write([endSpent(tx.clock())]);
  });
}

/** Campaigns whose schedule is over, and of which no run is left, have sent all that they had to. */
function endSpent(now: number): Query {
  const campaign = sql`campaign.id`;
  return sql`
    UPDATE campaign SET state = 'ENDED', updated_at = ${now}
    WHERE state = 'ACTIVE' AND ${wasScheduled("campaign", campaign)} AND NOT ${isScheduled("campaign", campaign)}
      AND NOT EXISTS (SELECT 1 FROM run r WHERE r.campaign = campaign.id
        AND r.state IN ('PENDING', 'IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING', 'FAILED'))`;
}
