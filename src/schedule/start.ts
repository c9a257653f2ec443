import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { type ScheduleFacts, timingOf } from "./facts.ts";
import { planNew, planUntilNow } from "./plan-ahead.ts";
import { isOpen } from "./schedule.ts";
import type { ScheduleState } from "./table.ts";

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
 * Has something recur from now on, inside of the transaction that says so. Where it recurred at other times before,
 * what was planned of it is gone: a wake that is under way finds nothing, and what had come already and was not decided
 * on is skipped. What was decided stays, and so do times that an operator cancelled, and a pause.
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
  const before = await tx.db.first<Before>(sql`
    SELECT id, state, timing, first_clock AS first FROM schedule WHERE noun = ${noun} AND thing = ${thing}`);
  const isSame = before?.timing === timing && before.first === first && before.state !== "ENDED";
  if (before && !isSame) await letGo(tx, before.id);
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
      planned_to = ${isSame ? sql`schedule.planned_to` : sql`excluded.planned_to`},
      state = CASE schedule.state WHEN 'PAUSED' THEN 'PAUSED' ELSE 'ACTIVE' END, updated_at = excluded.updated_at
    RETURNING id`);
  if (!row) throw new Error(`the schedule of ${noun}/${thing} was not written`);
  if (!isSame) await planNew(tx, [row.id]);
}

interface Before {
  readonly id: number;
  readonly state: ScheduleState;
  readonly timing: string;
  readonly first: number;
}

/** What was planned of one that comes at other times from now on. */
async function letGo(tx: Context, schedule: number): Promise<void> {
  await planUntilNow(tx, [schedule]);
  const now = tx.clock();
  const its = sql`schedule = ${schedule}`;
  await tx.db.write([skipUndecided(its, now, "CHANGED"), forgetPlanned(its, now)]);
}

/** The statements by which nothing more comes of something. */
export function endSchedule(tx: Context, noun: string, thing: number): Query[] {
  const now = tx.clock();
  const its = sql`schedule = (SELECT id FROM schedule WHERE noun = ${noun} AND thing = ${thing})`;
  return [
    skipUndecided(its, now, "NOT_ACTIVE"),
    forgetPlanned(its, now),
    sql`
      UPDATE occurrence SET state = 'SKIPPED', decision = 'NOT_ACTIVE', decided_at = ${now}
      WHERE ${its} AND ${isOpen(sql`occurrence`)} AND state = 'QUEUED'`,
    sql`
      UPDATE schedule SET state = 'ENDED', note = NULL, updated_at = ${now}
      WHERE noun = ${noun} AND thing = ${thing} AND state <> 'ENDED'`,
  ];
}

/**
 * The statements by which times that fired (ms, of a query) did not, for what they set off was taken back. Those that
 * fired before the zone's own clock shows them are still to come.
 */
export function takeBackFired(tx: Context, noun: string, thing: number, times: SQL): Query[] {
  const now = tx.clock();
  const its = sql`schedule = (SELECT id FROM schedule WHERE noun = ${noun} AND thing = ${thing}) AND state = 'FIRED'`;
  return [
    sql`DELETE FROM occurrence WHERE ${its} AND planned_at >= ${now}`,
    sql`
      UPDATE occurrence SET state = 'SKIPPED', decision = 'NOT_ACTIVE', decided_at = ${now}
      WHERE ${its} AND planned_at IN (${times})`,
  ];
}

/** What has come already is not as planned any more, and nobody decided on it: it is skipped, and says why. */
function skipUndecided(its: SQL, now: number, why: "CHANGED" | "NOT_ACTIVE"): Query {
  return sql`
    UPDATE occurrence SET state = 'SKIPPED', decided_at = ${now}, decision = CASE
      (SELECT s.state FROM schedule s WHERE s.id = occurrence.schedule) WHEN 'PAUSED' THEN 'PAUSED' ELSE ${why} END
    WHERE ${its} AND ${isOpen(sql`occurrence`)} AND state = 'PLANNED' AND planned_at < ${now}`;
}

/** What is still to come, and days that are left out of it, are as the recurrence has them: made anew if it changes. */
export function forgetPlanned(its: SQL, now: number): Query {
  return sql`
    DELETE FROM occurrence WHERE ${its} AND planned_at >= ${now}
      AND (state = 'PLANNED' OR state = 'SKIPPED' AND decision = 'EXCLUDED')`;
}
