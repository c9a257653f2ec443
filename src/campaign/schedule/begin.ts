import type { Context } from "../../context.ts";
import { startSchedule } from "../../schedule/start.ts";
import { scheduleRun, startOf } from "../run/start.ts";
import type { Campaign } from "../table.ts";

/** What of a campaign says when it begins. */
type Timed = Pick<Campaign, "id" | "shop" | "name" | "startsAt" | "schedule" | "localTime">;

/** Has a launched campaign begin when it says: at a time, or again and again; inside a transaction only. */
export async function beginRuns(tx: Context, campaign: Timed): Promise<void> {
  const { id, shop, name, schedule, localTime } = campaign;
  if (!schedule) return scheduleRun(tx, id, startOf(tx, campaign));
  return startSchedule(tx, {
    noun: "campaign",
    thing: id,
    shop,
    name,
    facts: schedule,
    firstClock: localTime !== null,
  });
}
