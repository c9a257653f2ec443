import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { refuse } from "../errors.ts";
import { auditDeed, auditTransition, subjectOf } from "../transition/audit.ts";
import { planUntilNow } from "./plan-ahead.ts";
import { findSchedule, isOpen, type Schedule } from "./schedule.ts";
import type { ScheduleState } from "./table.ts";

/** Which schedule, and why; the note stands on it as long as it is paused. */
interface Command {
  readonly id: number;
  readonly note?: string | undefined;
}

/**
 * Nothing fires of a schedule until it is resumed: what comes due meanwhile is skipped, and says why. NOT_FOUND;
 * WRONG_STATE unless it is active.
 */
export function pauseSchedule(ctx: Context, { id, note }: Command) {
  return move(ctx, { id, from: "ACTIVE", to: "PAUSED", note: note ?? null });
}

/** It fires again what comes due from now on. NOT_FOUND; WRONG_STATE unless it is paused. */
export function resumeSchedule(ctx: Context, { id }: Command) {
  return move(ctx, { id, from: "PAUSED", to: "ACTIVE", note: null });
}

interface Move {
  readonly id: number;
  readonly from: ScheduleState;
  readonly to: ScheduleState;
  readonly note: string | null;
}

function move(ctx: Context, { id, from, to, note }: Move) {
  return withTransaction(ctx, async (tx) => {
    const schedule = await findSchedule(tx, id);
    if (!schedule) return refuse.notFound("schedule", id);
    if (schedule.state !== from)
      return refuse.wrongState(
        `Only a schedule that is ${from} can be; this one is ${schedule.state}.`,
        schedule.state,
      );
    const now = tx.clock();
    await planUntilNow(tx, [id]);
    await tx.db.write([
      auditTransition(tx, {
        noun: "schedule",
        table: sql`schedule`,
        where: sql`id = ${id}`,
        to,
        reason: note ?? undefined,
      }),
      // What came due before belongs to the state that it came due in.
      ...(to === "ACTIVE" ? [skipPaused(id, now)] : []),
      sql`UPDATE schedule SET state = ${to}, note = ${note}, updated_at = ${now} WHERE id = ${id}`,
    ]);
    return { ...schedule, state: to, note, updatedAt: now } satisfies Schedule;
  });
}

function skipPaused(id: number, now: number) {
  return sql`
    UPDATE occurrence SET state = 'SKIPPED', decision = 'PAUSED', decided_at = ${now}
    WHERE schedule = ${id} AND ${isOpen(sql`occurrence`)} AND state = 'PLANNED' AND due_at <= ${now}`;
}

/** One time of a schedule, ms, as it is planned. */
interface Which {
  readonly id: number;
  readonly plannedAt: number;
}

/**
 * Has one time of a schedule not come. NOT_FOUND for a schedule, and a time that none is planned for; WRONG_STATE once
 * it was decided on.
 */
export function cancelOccurrence(ctx: Context, { id, plannedAt }: Which) {
  return withTransaction(ctx, async (tx) => {
    const schedule = await findSchedule(tx, id);
    if (!schedule) return refuse.notFound("schedule", id);
    const found = await tx.db.first<{ state: string }>(sql`
      SELECT state FROM occurrence WHERE schedule = ${id} AND planned_at = ${plannedAt}`);
    if (!found) return refuse.notFound("occurrence", new Date(plannedAt).toISOString());
    if (found.state !== "PLANNED" && found.state !== "QUEUED")
      return refuse.wrongState(`It is ${found.state} already.`, found.state);
    await tx.db.write([
      auditDeed(tx, subjectOf("schedule", id), `cancelled ${new Date(plannedAt).toISOString()}`),
      sql`
        UPDATE occurrence SET state = 'CANCELLED', decision = 'BY_OPERATOR', decided_at = ${tx.clock()}
        WHERE schedule = ${id} AND planned_at = ${plannedAt}`,
    ]);
    return schedule;
  });
}
