import { sql } from "drizzle-orm";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { tidy } from "../../src/campaign/tidy.ts";
import type { Context } from "../../src/context.ts";
import type { ScheduleFacts } from "../../src/schedule/facts.ts";
import { fireDue, fireQueued } from "../../src/schedule/fire.ts";
import { planAhead } from "../../src/schedule/plan-ahead.ts";
import { timesAfter } from "../../src/schedule/recurrence/recurrence.ts";
import { schedulesOf } from "../../src/schedule/schedule.ts";
import type { decisions, Occurrence, Schedule } from "../../src/schedule/table.ts";
import type { Ledger } from "./light.ts";
import { accepted } from "./shop.ts";

export const minute = 60_000;
export const hour = 60 * minute;

/** What an operator says of a schedule, where little is said. */
export type Said = Partial<ScheduleFacts> & Pick<ScheduleFacts, "recurrence">;

/** What the minute does to schedules, and to the campaigns that they set off. */
export async function sweep(ctx: Context): Promise<void> {
  await planAhead(ctx);
  await fireQueued(ctx);
  await fireDue(ctx);
  await tidy(ctx);
}

/** A launched campaign that recurs, and its schedule. */
export async function recurring({ ctx, campaign }: Pick<Ledger, "ctx" | "campaign">, said: Said) {
  const id = await campaign({ channels: ["IN_APP"], schedule: { zone: "UTC", ...said } });
  accepted(await launchCampaign(ctx, { id }));
  return { campaign: id, schedule: (await scheduleOf(ctx, id)).id };
}

export async function scheduleOf(ctx: Context, campaign: number): Promise<Schedule> {
  const [schedule] = await schedulesOf(ctx, "campaign", [campaign]);
  if (!schedule) throw new Error(`campaign ${campaign} has no schedule`);
  return schedule;
}

/** Its times, the soonest first. */
export function timesOf({ db }: Pick<Context, "db">, schedule: number): Promise<Occurrence[]> {
  return db.all<Occurrence>(sql`
    SELECT id, schedule, planned_at AS plannedAt, due_at AS dueAt, state, decision, decided_at AS decidedAt
    FROM occurrence WHERE schedule = ${schedule} ORDER BY planned_at`);
}

/** What became of its times, in words: `+15 FIRED ON_TIME`, by minutes from a moment. */
export async function told(ctx: Context, schedule: number, from: number): Promise<string[]> {
  return (await timesOf(ctx, schedule)).map(({ plannedAt, state, decision }) =>
    [`+${(plannedAt - from) / minute}`, state, ...(decision ? [decision] : [])].join(" "),
  );
}

/** Moves a ledger's clock on to the next whole hour, and answers it. */
export function toWholeHour({ ctx, pass }: Pick<Ledger, "ctx" | "pass">): number {
  const next = Math.ceil(ctx.clock() / hour) * hour;
  pass(next - ctx.clock());
  return next;
}

/** The times for which a campaign has runs, ms. */
export async function runTimes({ db }: Pick<Context, "db">, campaign: number): Promise<number[]> {
  const runs = await db.all<{ at: number }>(sql`SELECT due_at AS at FROM run WHERE campaign = ${campaign} ORDER BY 1`);
  return runs.map(({ at }) => at);
}

/** As if all that campaigns have begun were over. */
export async function endRuns({ db }: Pick<Context, "db">, before = Number.MAX_SAFE_INTEGER): Promise<void> {
  await db.write([sql`UPDATE run SET state = 'COMPLETED' WHERE state = 'PENDING' AND due_at < ${before}`]);
}

/** From one moment to another (ms), both included. */
interface Stretch {
  readonly from: number;
  readonly until: number;
}

/**
 * What does not hold of a schedule that was never changed: each time of a stretch that is over has one row, what fired
 * one run and nothing else has, every decision is one that its policies allow, and what was missed adds up.
 */
export async function faultsOfSchedule(ctx: Context, campaign: number, { from, until }: Stretch): Promise<string[]> {
  const schedule = await scheduleOf(ctx, campaign);
  const rows = (await timesOf(ctx, schedule.id)).filter(({ plannedAt }) => plannedAt <= until);
  const expected: number[] = [];
  for (const time of timesAfter(schedule.timing, from - 1)) {
    if (time > until) break;
    expected.push(time);
  }
  const planned = rows.map(({ plannedAt }) => plannedAt);
  const fired = rows.filter(({ state }) => state === "FIRED").map(({ plannedAt }) => plannedAt);
  const missed = rows.filter(({ decision }) => decision && ["LATE", "MISSED", "SUPERSEDED"].includes(decision)).length;
  const faults = rows.flatMap((row, i) => faultsOfTime(schedule, row, rows[i + 1]));
  if (!Bun.deepEquals(planned, expected)) faults.push(`${planned.length} rows for ${expected.length} times`);
  if (!Bun.deepEquals(await runTimes(ctx, campaign), fired)) faults.push("its runs are not those that fired");
  if (schedule.missed !== missed) faults.push(`${schedule.missed} are said to be missed, ${missed} were`);
  return faults.map((fault) => `schedule ${schedule.id}: ${fault}`);
}

const graceMs = 2 * minute;

function faultsOfTime(schedule: Schedule, row: Occurrence, next: Occurrence | undefined): string[] {
  const { state, decision, decidedAt, dueAt, plannedAt } = row;
  if (decision === null || decidedAt === null) return [`${plannedAt} is ${state}`];
  const late = decidedAt - dueAt;
  const { misfire, withinMs, overlap } = schedule;
  const isMadeUp = misfire === "RUN_NOW" || (misfire === "RUN_IF_WITHIN" && late <= (withinMs ?? 0));
  const isLater = next !== undefined && next.dueAt <= decidedAt;
  const holds: Partial<Record<keyof typeof decisions, boolean>> = {
    ON_TIME: state === "FIRED" && late >= 0 && late <= graceMs,
    LATE: state === "FIRED" && late > graceMs && isMadeUp,
    AFTER_OVERLAP: state === "FIRED" && overlap === "QUEUE_ONE",
    MISSED: state === "SKIPPED" && late > graceMs && !isMadeUp,
    SUPERSEDED: state === "SKIPPED" && late > graceMs && isMadeUp && isLater,
    OVERLAPPED: state === "SKIPPED" && overlap !== "RUN_BOTH",
  };
  return holds[decision] ? [] : [`${plannedAt} is ${state} ${decision}, ${late} ms late, of ${misfire}, ${overlap}`];
}
