import { sql } from "drizzle-orm";
import { prepared, type Query } from "../../db/statement.ts";
import { isScheduled } from "../../schedule/schedule.ts";
import { runEnded } from "../events.ts";

/**
 * Ends a run when there is nothing left to do for it, and its campaign when its last occurrence is completed. Stands at
 * the end of every batch of statements that may have finished the last piece of work; does nothing otherwise.
 *
 * A run is finished when every page is written and no send is pending, leased or deferred. With parked work it is
 * FAILED: replaying that work sets it running again. Ready sends without any unfinished batch are those that a parked
 * one was to take: they wait for it. Cancelling ends parked batches by itself.
 *
 * `state <> 'DONE'` and `state <> 'WRITTEN'` say nothing new: they let SQLite use the indexes of unfinished work, here
 * and wherever else they stand, instead of walking all that the run ever did at the end of each piece of it.
 */
export function completeRun(run: number, now: number): Query[] {
  return [endRun({ run, now }), runEnded(run, now), endCampaign({ run, now })];
}

const endRun = prepared<{ run: number; now: number }>(({ run, now }) => {
  const unwritten = sql`page INDEXED BY page_unwritten WHERE run = ${run} AND state <> 'WRITTEN'`;
  const unfinished = sql`batch WHERE run = ${run} AND state <> 'DONE'`;
  const parkedBatch = sql`EXISTS (SELECT 1 FROM ${unfinished} AND state = 'PARKED')`;
  return sql`
      UPDATE run SET completed_at = ${now}, state = CASE
          WHEN EXISTS (SELECT 1 FROM ${unwritten} AND state = 'PARKED') OR ${parkedBatch} THEN 'FAILED'
          WHEN state = 'CANCELLING' THEN 'CANCELLED' ELSE 'COMPLETED' END
      WHERE id = ${run} AND state IN ('RUNNING', 'CANCELLING') AND planned = 1
        AND NOT EXISTS (SELECT 1 FROM ${unwritten} AND state IN ('PLANNED', 'WRITING'))
        AND NOT EXISTS (SELECT 1 FROM tally WHERE run = ${run} AND state = 'PENDING' AND n > 0
          AND (reason <> '' OR run.state <> 'RUNNING' OR NOT ${parkedBatch}))
        AND NOT EXISTS (SELECT 1 FROM ${unfinished} AND (state IN ('OPEN', 'FROZEN', 'TRIED')
          OR state = 'PARKED' AND run.state = 'CANCELLING'))`;
});

const endCampaign = prepared<{ run: number; now: number }>(
  ({ run, now }) => sql`
      UPDATE campaign SET state = 'ENDED', updated_at = ${now}
      WHERE state = 'ACTIVE' AND id = (SELECT campaign FROM run WHERE id = ${run} AND state = 'COMPLETED')
        AND NOT EXISTS (SELECT 1 FROM run r WHERE r.campaign = campaign.id
          AND r.state IN ('PENDING', 'IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING'))
        AND NOT ${isScheduled("campaign", sql`campaign.id`)}`,
);
