import type { Context } from "../../context.ts";
import type { Issue } from "../../errors.ts";
import { scheduleIssues } from "../../schedule/facts.ts";
import { timesAfter } from "../../schedule/recurrence/recurrence.ts";
import type { Campaign } from "../table.ts";

/** What of a campaign has to do with when it comes. */
type Recurring = Pick<Campaign, "schedule" | "startsAt" | "endsAt" | "promotion" | "shop">;

/** What keeps a campaign from recurring as it says, now. */
export async function recurrenceIssues(ctx: Context, campaign: Recurring): Promise<Issue[]> {
  const { schedule, startsAt, endsAt, promotion, shop } = campaign;
  if (!schedule) return [];
  if (promotion !== null)
    return [{ path: "schedule", message: "an announcement comes once: its promotion says when it may" }];
  if (startsAt !== null) return [{ path: "startsAt", message: "a campaign with a schedule begins when that says" }];
  const issues = await scheduleIssues(ctx, schedule, shop);
  if (issues.length > 0) return issues.map(({ path, message }) => ({ path: `schedule.${path}`, message }));
  const [first] = timesAfter(schedule, ctx.clock()).take(1);
  const isOver = endsAt !== null && first !== undefined && first >= endsAt;
  return isOver ? [{ path: "endsAt", message: "the end must lie after the schedule's next time" }] : [];
}
