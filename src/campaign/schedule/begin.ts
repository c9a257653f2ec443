import type { Context } from "../../context.ts";
import { startSchedule } from "../../schedule/start.ts";
import { scheduleRun } from "../run/start.ts";
import type { Campaign } from "../table.ts";

/** What of a campaign says when it begins. */
type Timed = Pick<Campaign, "id" | "shop" | "name" | "startsAt" | "schedule">;

/** Has a launched campaign begin when it says: at a time, or again and again; inside a transaction only. */
export async function beginRuns(tx: Context, { id, shop, name, startsAt, schedule }: Timed): Promise<void> {
  if (schedule) await startSchedule(tx, { noun: "campaign", thing: id, shop, name, facts: schedule });
  else await scheduleRun(tx, id, Math.max(tx.clock(), startsAt ?? 0));
}
