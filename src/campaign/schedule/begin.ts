import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { endSchedule, startSchedule } from "../../schedule/start.ts";
import { notBegun, takeBackRuns } from "../run/not-begun.ts";
import { scheduleRun, startOf } from "../run/start.ts";
import type { Campaign } from "../table.ts";

/** What of a campaign says when it begins. */
type Timed = Pick<Campaign, "id" | "shop" | "name" | "startsAt" | "schedule" | "localTime">;

/** Has a launched campaign begin when it says: at a time, or again and again; inside a transaction only. */
export async function beginRuns(tx: Context, campaign: Timed): Promise<void> {
  const { id, schedule } = campaign;
  if (schedule) await startSchedule(tx, { ...scheduledAs(campaign), facts: schedule });
  else await scheduleRun(tx, id, startOf(tx, campaign));
}

/**
 * The same of one that is changed before it has begun. One that begins once and now recurs is not to begin as it was;
 * of one that recurs what has fired stays. One that no longer recurs begins once, unless it is about to already.
 */
export async function beginAgain(tx: Context, before: Timed, after: Timed): Promise<void> {
  if (!before.schedule && !after.schedule) return;
  if (!before.schedule) await tx.db.write(takeBackRuns(tx, after.id));
  if (!after.schedule) await tx.db.write(endSchedule(tx, "campaign", after.id));
  const isAboutTo = await tx.db.first(sql`SELECT 1 FROM run WHERE ${notBegun(after.id)} LIMIT 1`);
  if (after.schedule || !isAboutTo) await beginRuns(tx, after);
}

/** How a campaign's schedule is called, and by whose clock it is due. */
export function scheduledAs({ id, shop, name, localTime }: Pick<Timed, "id" | "shop" | "name" | "localTime">) {
  return { noun: "campaign", thing: id, shop, name, firstClock: localTime !== null };
}
