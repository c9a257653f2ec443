import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { enqueue } from "../../queue/outbox.ts";
import { endSchedule } from "../../schedule/start.ts";
import { findCampaign } from "../draft/campaign.ts";
import { runCancelled, runsEnded } from "../events.ts";
import { campaignCancel } from "../messages.ts";
import { notBegun } from "../run/not-begun.ts";
import { republishRun } from "../run/republish.ts";
import { type Command, moveAny } from "./move.ts";

/**
 * Ends a campaign. Sending stops with the commit, as for a pause; then everyone not yet reached is marked CANCELLED, so
 * that its runs add up, and the runs end CANCELLED; those that never began end at once.
 */
export async function cancelCampaign(ctx: Context, input: Command) {
  return withTransaction(ctx, async (tx) => {
    const campaign = await findCampaign(tx, input.id);
    return campaign ? cancelAny(tx, input) : refuse.notFound("campaign", input.id);
  });
}

/** The same of one that the actor need not know of, inside a transaction: what it tells of is taken away. */
export async function cancelAny(tx: Context, input: Command) {
  const ofCampaign = sql`campaign = ${input.id}`;
  const waiting = notBegun(input.id);
  const cancelled = await moveAny(tx, "cancel", input, [
    ...endSchedule(tx, "campaign", input.id),
    runsEnded(waiting, tx.clock(), runCancelled.type),
    sql`UPDATE run SET state = 'CANCELLED', completed_at = ${tx.clock()} WHERE ${waiting}`,
    sql`
      UPDATE run SET state = 'CANCELLING', at_most = NULL
      WHERE ${ofCampaign} AND state IN ('RUNNING', 'PAUSED', 'FAILED', 'IN_REVIEW')`,
    sql`
      UPDATE page SET state = 'PLANNED' WHERE state = 'PARKED'
        AND run IN (SELECT id FROM run WHERE ${ofCampaign} AND state = 'CANCELLING')`,
  ]);
  if (isRefusal(cancelled)) return cancelled;
  const runs = await tx.db.all<{ id: number }>(sql`
    SELECT id FROM run WHERE ${ofCampaign} AND state = 'CANCELLING'`);
  for (const { id } of runs) {
    await tx.db.write([enqueue(tx, [campaignCancel.of({ run: id })]), ...republishRun(tx, id)]);
  }
  return cancelled;
}
