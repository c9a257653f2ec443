import { type Placeholder, type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { prepared, type Query } from "../db/statement.ts";
import { announced, defineEvent, type Outside, recordingEach } from "../queue/event/event.ts";

const sends = z.int().nonnegative();

/** How a run stands when it ends; per channel all sends add up to the matched members. */
const RunEnd = z.object({
  run: z.int(),
  campaign: z.int(),
  /** When the occurrence was due (ms). */
  dueAt: z.int(),
  /** Null when it never began. */
  startedAt: z.int().nullable(),
  /** Members. */
  matched: sends,
  channels: z.array(
    z.object({
      channel: z.string(),
      sent: sends,
      failed: sends,
      skipped: sends,
      cancelled: sends,
      unknown: sends,
      /** Only of a run that failed: replaying its dead letters goes on with them, and ends it again. */
      open: sends,
    }),
  ),
});

const runOutside: Outside<keyof z.infer<typeof RunEnd>> = {
  ids: { run: "Run", campaign: "Campaign" },
  times: ["dueAt", "startedAt"],
};

/** Nothing is left to do for a run. */
export const runCompleted = defineEvent("run.completed", 1, RunEnd, runOutside);
/** A run ended with work that could not be done; replaying that may still complete it. */
export const runFailed = defineEvent("run.failed", 1, RunEnd, runOutside);
/** A run was ended by an operator. */
export const runCancelled = defineEvent("run.cancelled", 1, RunEnd, runOutside);

const byState = sql.raw(`CASE r.state WHEN 'COMPLETED' THEN '${runCompleted.type}'
  WHEN 'FAILED' THEN '${runFailed.type}' ELSE '${runCancelled.type}' END`);

/** Records the end, as `type`, of the runs `r` that `where` selects. */
export function runsEnded(where: SQL, now: number, type: string): Query {
  return announced(endsOf(where, now, type));
}

/** Records the end of a run, right behind the update that may have ended it: how it ended says its state. */
export function runEnded(run: number, now: number): Query {
  return announced(endOfRun({ run, now }));
}

const endOfRun = prepared<{ run: number; now: number }>(({ run, now }) =>
  endsOf(sql`r.id = ${run} AND changes() > 0`, now, byState),
);

function endsOf(where: SQL, now: number | Placeholder, type: string | SQL): SQL {
  const data = sql`json_object('run', r.id, 'campaign', r.campaign, 'dueAt', r.due_at, 'startedAt', r.started_at,
    'matched', r.matched, 'channels', json(coalesce((${channelSums}), '[]')))`;
  return recordingEach(
    { type, version: runCompleted.version },
    { subject: sql`'run/' || r.id`, data },
    sql`run r WHERE ${where}`,
    now,
  );
}

const sum = (...states: readonly string[]) => {
  const list = sql.raw(states.map((state) => `'${state}'`).join(", "));
  return sql`coalesce(sum(n) FILTER (WHERE state IN (${list})), 0)`;
};

const channelSums = sql`
  SELECT json_group_array(json(sums)) FROM (
    SELECT json_object('channel', channel, 'sent', ${sum("SENT")}, 'failed', ${sum("FAILED")},
      'skipped', ${sum("SKIPPED")}, 'cancelled', ${sum("CANCELLED")}, 'unknown', ${sum("UNKNOWN")},
      'open', ${sum("PENDING", "SENDING")}) AS sums
    FROM tally WHERE run = r.id GROUP BY channel)`;
