import { sql } from "drizzle-orm";
import type { z } from "zod";
import { type Context, withTransaction } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { ScheduleFacts } from "../../schedule/facts.ts";
import { endSchedule, startSchedule } from "../../schedule/start.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { mayApprove } from "../approval/subjects.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { recurrenceIssues } from "../draft/recurrence-issues.ts";
import { moveRuns, takeBackRuns } from "../run/not-begun.ts";
import { campaignSettings } from "../settings.ts";
import { scheduledAs } from "./begin.ts";

interface Rescheduled {
  readonly id: number;
  /** When it recurs from now on; null: no more. */
  readonly schedule: z.input<typeof ScheduleFacts> | null;
}

/**
 * Has a launched campaign recur at other times from now on, or no more, also where it has had runs. Nothing that was
 * planned before comes any more; runs that have fired go on, and with none left the campaign ends. One that was to
 * begin once and has not does as the schedule says. WRONG_STATE of one that is not active or paused; INVALID_INPUT for
 * a schedule that cannot be; FORBIDDEN to its writers where so many members need a second person, unless it is to
 * recur no more.
 */
export function rescheduleCampaign(ctx: Context, { id, schedule: said }: Rescheduled) {
  return withTransaction(ctx, async (tx) => {
    const campaign = await findCampaign(tx, id);
    if (!campaign) return refuse.notFound("campaign", id);
    if (campaign.state !== "ACTIVE" && campaign.state !== "PAUSED")
      return refuse.wrongState(`It is ${campaign.state}: only what is launched is rescheduled.`, campaign.state);
    const schedule = said && parseInput(ScheduleFacts, said);
    if (isRefusal(schedule)) return schedule;
    // Its start was another way to say when it begins.
    const after: Campaign = { ...campaign, schedule, startsAt: null };
    const issues = await recurrenceIssues(tx, after);
    if (issues.length > 0) return refuse.invalid(issues);
    if (schedule && !(await isAgreed(tx, campaign)))
      return refuse.forbidden("For so many members someone else than its writers says when it recurs.");
    await keep(tx, campaign, after);
    return (await findCampaign(tx, id)) ?? campaign;
  });
}

async function isAgreed(tx: Context, campaign: Campaign): Promise<boolean> {
  const isMany = (campaign.frozen?.members ?? 0) > campaignSettings.of(tx).approvalAbove;
  return !isMany || mayApprove(tx, campaign);
}

/** Whoever reads the campaign to begin a run of it meanwhile finds another one, so each has a message again. */
async function keep(tx: Context, before: Campaign, { id, schedule, ...after }: Campaign) {
  const subject = subjectOf("campaign", id);
  const isFirst = before.schedule === null && schedule !== null;
  await tx.db.write([
    sql`
      UPDATE campaign SET schedule = ${schedule && JSON.stringify(schedule)}, updated_at = ${tx.clock()},
        starts_at = ${isFirst ? null : before.startsAt}
      WHERE id = ${id}`,
    revise(tx, subject, ["schedule"]),
    auditDeed(tx, subject, schedule ? "recurs at other times" : "recurs no more"),
    ...(isFirst ? takeBackRuns(tx, id) : []),
    ...(schedule ? [] : endSchedule(tx, "campaign", id)),
  ]);
  if (schedule) await startSchedule(tx, { ...scheduledAs({ id, ...after }), facts: schedule });
  await moveRuns(tx, id, undefined);
}
