import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { type ScheduleFacts, timingOf } from "./facts.ts";
import { planNew } from "./plan-ahead.ts";

/** What is to recur: a thing of a noun, such as a campaign. */
export interface Scheduled {
  readonly noun: string;
  readonly thing: number;
  readonly shop: string;
  readonly name: string;
  readonly facts: ScheduleFacts;
  /** Each of its times is due when the first clock on earth shows it, not when the zone's own does. */
  readonly firstClock?: boolean;
}

/**
 * Has something recur from now on, inside of the transaction that says so. Where it did already, what was planned of it
 * is gone: a wake that is under way finds nothing. What was decided stays, and so do times that an operator cancelled.
 */
export async function startSchedule(
  tx: Context,
  { noun, thing, shop, name, facts, firstClock }: Scheduled,
): Promise<void> {
  const now = tx.clock();
  const first = firstClock ? 1 : 0;
  const { misfire, withinMinutes, overlap } = facts;
  const timing = JSON.stringify(timingOf(facts));
  const withinMs = withinMinutes === null ? null : withinMinutes * 60_000;
  // What is due at this very moment is still to come.
  const plannedTo = now - 1;
  const row = await tx.db.first<{ id: number }>(sql`
    INSERT INTO schedule
      (noun, thing, shop, name, timing, misfire, within_ms, overlap, first_clock, state, planned_to, created_at,
        updated_at)
    VALUES (${noun}, ${thing}, ${shop}, ${name}, ${timing}, ${misfire}, ${withinMs}, ${overlap}, ${first}, 'ACTIVE',
      ${plannedTo}, ${now}, ${now})
    ON CONFLICT (noun, thing) DO UPDATE SET name = excluded.name, timing = excluded.timing, misfire = excluded.misfire,
      within_ms = excluded.within_ms, overlap = excluded.overlap, first_clock = excluded.first_clock,
      planned_to = excluded.planned_to,
      state = CASE schedule.state WHEN 'PAUSED' THEN 'PAUSED' ELSE 'ACTIVE' END, updated_at = excluded.updated_at
    RETURNING id`);
  if (!row) throw new Error(`the schedule of ${noun}/${thing} was not written`);
  await tx.db.write([forgetPlanned(row.id, now)]);
  await planNew(tx, row.id);
}

/** The statements by which nothing more comes of something. */
export function endSchedule(tx: Context, noun: string, thing: number): Query[] {
  const now = tx.clock();
  const its = sql`schedule IN (SELECT id FROM schedule WHERE noun = ${noun} AND thing = ${thing})`;
  return [
    sql`DELETE FROM occurrence WHERE ${its} AND state = 'PLANNED'`,
    sql`
      UPDATE occurrence SET state = 'SKIPPED', decision = 'NOT_ACTIVE', decided_at = ${now}
      WHERE ${its} AND state = 'QUEUED'`,
    sql`
      UPDATE schedule SET state = 'ENDED', note = NULL, updated_at = ${now}
      WHERE noun = ${noun} AND thing = ${thing} AND state <> 'ENDED'`,
  ];
}

/** What is planned, and days that are left out, are as the recurrence has them: made anew when it changes. */
export function forgetPlanned(schedule: number, now: number): Query {
  return sql`
    DELETE FROM occurrence WHERE schedule = ${schedule}
      AND (state = 'PLANNED' OR state = 'SKIPPED' AND decision = 'EXCLUDED' AND planned_at >= ${now})`;
}
