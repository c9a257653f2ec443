import { type SQL, sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { enqueue, enqueueEach } from "../queue/outbox.ts";
import { holidaysOfEach } from "./holidays.ts";
import { scheduleWake } from "./messages.ts";
import { isExcluded } from "./recurrence/exclusion.ts";
import { jitterOf } from "./recurrence/jitter.ts";
import { type Timing, timesAfter } from "./recurrence/recurrence.ts";
import { firstMomentOf, roundTheEarthMs, wallIn } from "./recurrence/wall.ts";
import { isOpen } from "./schedule.ts";

/** So far ahead what comes is planned, and its wakes wait in the queue. */
const horizonMs = 24 * 3_600_000;
/** What has an end is planned whole, so that each of its times can be cancelled; of others so many at once. */
const [wholeUpTo, plannedAtOnce] = [1_000, 60];
/** Schedules planned in one transaction. */
const schedulesAtOnce = 50;
/** All of its times are rows. */
const forEver = 8_640_000_000_000_000;

/** Plans what comes next of every schedule, and leaves a wake for each second at which something is due soon. */
export async function planAhead(ctx: Context): Promise<void> {
  while ((await withTransaction(ctx, planSome)) > 0);
  await ctx.db.write([endSpent(ctx.clock()), ...armWakes(ctx)]);
}

/** Plans what has come already of schedules that nobody has planned up to now: after a time in which nothing ran. */
export async function planBehind(ctx: Context): Promise<void> {
  if (await ctx.db.first(sql`SELECT 1 FROM schedule WHERE ${isBehind(ctx.clock())} LIMIT 1`)) await planAhead(ctx);
}

const isBehind = (now: number) => sql`state <> 'ENDED' AND planned_to <= ${now}`;

/** Of those that nothing is planned of yet, inside the transaction that makes or changes them. */
export async function planNew(tx: Context, schedules: readonly number[]): Promise<void> {
  for (let n = 0; n < schedules.length; n += schedulesAtOnce)
    await plan(tx, await toPlan(tx, isOneOf(schedules.slice(n, n + schedulesAtOnce))));
  await tx.db.write(armWakes(tx));
}

/** What has come already of some is rows, inside the transaction that says what becomes of it. */
export async function planUntilNow(tx: Context, schedules: readonly number[]): Promise<void> {
  const behind = sql`${isOneOf(schedules)} AND planned_to <= ${tx.clock()}`;
  while ((await plan(tx, await toPlan(tx, behind))) > 0);
}

const isOneOf = (schedules: readonly number[]) =>
  sql`id IN (SELECT value FROM json_each(${JSON.stringify(schedules)}))`;

interface ToPlan {
  readonly id: number;
  readonly timing: string;
  readonly plannedTo: number;
  /** 1: each time is due when the first clock on earth shows it. */
  readonly firstClock: number;
}

function toPlan({ db }: Context, where: SQL): Promise<ToPlan[]> {
  return db.all<ToPlan>(sql`
    SELECT id, timing, planned_to AS plannedTo, first_clock AS firstClock FROM schedule
    WHERE state <> 'ENDED' AND ${where} ORDER BY planned_to LIMIT ${schedulesAtOnce}`);
}

/** Those of which the last planned time comes soon: of what recurs daily the next one is always a row. */
async function planSome(tx: Context): Promise<number> {
  const now = tx.clock();
  const isSoon = sql`planned_to <= ${now + horizonMs + roundTheEarthMs}
      AND planned_to <= ${now + horizonMs} + first_clock * ${roundTheEarthMs}
      AND (planned_to <= ${now} OR ${plannedAtOnce} > (
        SELECT count(*) FROM occurrence o WHERE o.schedule = schedule.id AND ${isOpen(sql`o`)}
          AND o.state = 'PLANNED'))`;
  return plan(tx, await toPlan(tx, isSoon));
}

/** Answers how many there were. */
async function plan(tx: Context, found: readonly ToPlan[]): Promise<number> {
  if (found.length === 0) return 0;
  const now = tx.clock();
  const timed = found.map((each) => ({ ...each, timing: JSON.parse(each.timing) as Timing }));
  const holidaysOf = await holidaysOfEach(
    tx,
    timed.map(({ timing }) => timing),
  );
  const plans = timed.map((each) => planOf(each, holidaysOf(each.timing), now));
  await tx.db.write([
    sql`
      INSERT INTO occurrence (schedule, planned_at, due_at, state, decision, decided_at)
      SELECT ${field("schedule")}, ${field("plannedAt")}, ${field("dueAt")},
        CASE ${field("isExcluded")} WHEN 1 THEN 'SKIPPED' ELSE 'PLANNED' END,
        CASE ${field("isExcluded")} WHEN 1 THEN 'EXCLUDED' END,
        CASE ${field("isExcluded")} WHEN 1 THEN ${field("plannedAt")} END
      FROM ${rows(plans.flatMap(({ times }) => times))} WHERE true ON CONFLICT DO NOTHING`,
    sql`
      UPDATE schedule SET planned_to = ${field("plannedTo")}
      FROM ${rows(plans.map(({ id, plannedTo }) => ({ id, plannedTo })))} WHERE schedule.id = ${field("id")}`,
  ]);
  return found.length;
}

/** The next times of one as rows, and up to when these are all. */
function planOf(
  { id, timing, plannedTo, firstClock }: Omit<ToPlan, "timing"> & { readonly timing: Timing },
  holidays: ReadonlySet<string>,
  now: number,
) {
  const { times, isAll } = coming(timing, plannedTo, now + horizonMs + firstClock * roundTheEarthMs);
  const dueOf = (plannedAt: number) =>
    firstClock
      ? dueOnFirstClock(timing.zone, plannedAt, now)
      : plannedAt + jitterOf(String(id), plannedAt, timing.jitterSeconds);
  const planned = times.map((plannedAt) => ({
    schedule: id,
    plannedAt,
    dueAt: Math.ceil(dueOf(plannedAt) / 1_000) * 1_000, // the queue counts in whole seconds
    isExcluded: isExcluded(timing, holidays, plannedAt) ? 1 : 0,
  }));
  return { id, times: planned, plannedTo: isAll ? forEver : (times.at(-1) ?? forEver) };
}

/** Its next times: those until the horizon and one beyond, or all where there is an end; and whether these are all. */
function coming(timing: Timing, after: number, horizon: number) {
  const isEndless = "cron" in timing.recurrence;
  const most = isEndless ? plannedAtOnce : wholeUpTo;
  const times: number[] = [];
  for (const time of timesAfter(timing, after)) {
    if (times.length === most || (isEndless && (times.at(-1) ?? 0) > horizon)) return { times, isAll: false };
    times.push(time);
  }
  return { times, isAll: true };
}

/** What is planned when the first clock has shown it already is due at once: it was not missed. */
function dueOnFirstClock(zone: string, plannedAt: number, now: number): number {
  return Math.max(firstMomentOf(wallIn(zone, plannedAt)), Math.min(now, plannedAt));
}

/** What has no time left that could come is over. */
function endSpent(now: number) {
  return sql`
    UPDATE schedule SET state = 'ENDED', updated_at = ${now}
    WHERE state <> 'ENDED' AND planned_to = ${forEver} AND NOT EXISTS (
      SELECT 1 FROM occurrence o WHERE o.schedule = schedule.id AND ${isOpen(sql`o`)})`;
}

/**
 * One wake for each second at which something is due soon, at once for what is due by now; those that were left before
 * are not left again.
 */
function armWakes(ctx: Context) {
  const now = ctx.clock();
  const soon = sql`state = 'PLANNED' AND armed = 0 AND due_at <= ${now + horizonMs}`;
  const wake = {
    key: sql`due_at`,
    payload: sql`json_object('at', due_at)`,
    subject: sql`'schedule-wake/' || due_at`,
    notBefore: sql`due_at`,
  };
  return [
    enqueueEach(
      ctx,
      scheduleWake,
      wake,
      sql`(SELECT DISTINCT max(due_at, ${now}) AS due_at FROM occurrence WHERE ${soon}) AS due
        WHERE NOT EXISTS (
          SELECT 1 FROM outbox b WHERE b.subject = 'schedule-wake/' || due.due_at AND b.not_before > ${now})`,
    ),
    sql`UPDATE occurrence SET armed = 1 WHERE ${soon}`,
  ];
}

/**
 * Leaves the wake of a second (ms) once more, for it came before: as much later as the queue's clock is ahead of ours.
 * Repeats leave no second.
 */
export async function wakeAgain(ctx: Context, at: number): Promise<void> {
  const now = ctx.clock();
  const message = scheduleWake.of({ at }, { notBefore: at + (at - now) });
  const isLeft = sql`EXISTS (SELECT 1 FROM outbox WHERE subject = ${message.subject} AND not_before > ${at})`;
  await ctx.db.write([enqueue(ctx, [message], sql`NOT ${isLeft}`)]);
}
