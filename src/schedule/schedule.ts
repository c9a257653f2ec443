import { and, asc, desc, eq, gt, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { inReach, isOfShop } from "../shop.ts";
import {
  type Occurrence,
  type OccurrenceState,
  occurrenceTable,
  type Schedule,
  type ScheduleState,
  scheduleTable,
} from "./table.ts";

export type { Occurrence, Schedule } from "./table.ts";

const isThere = (ctx: Context) => inReach(ctx, sql`schedule.shop`);

/** The schedule of this id, where the actor may know of it. */
export async function findSchedule(ctx: Context, id: number): Promise<Schedule | undefined> {
  return (await schedulesById(ctx, [id]))[0];
}

/** The schedules of these ids in the order asked, with `undefined` for those that the actor knows nothing of. */
export async function schedulesById(ctx: Context, ids: readonly number[]): Promise<(Schedule | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(scheduleTable)
    .where(and(inArray(scheduleTable.id, [...ids]), isThere(ctx)));
  return inOrder(ids, found);
}

/** The schedules that set off these things of a noun, in the order asked. */
export async function schedulesOf(ctx: Context, noun: string, things: readonly number[]) {
  const found = await ctx.db.orm
    .select()
    .from(scheduleTable)
    .where(and(eq(scheduleTable.noun, noun), inArray(scheduleTable.thing, [...things]), isThere(ctx)));
  const known = new Map(found.map((schedule) => [schedule.thing, schedule]));
  return things.map((thing) => known.get(thing));
}

/** Something has a schedule that is not over: a condition for statements of the domain whose it is. */
export function isScheduled(noun: string, thing: SQL): SQL {
  return hasSchedule(noun, thing, sql`schedule.state <> 'ENDED'`);
}

/** Something had a schedule that is over: the same. */
export function wasScheduled(noun: string, thing: SQL): SQL {
  return hasSchedule(noun, thing, sql`schedule.state = 'ENDED'`);
}

function hasSchedule(noun: string, thing: SQL, which: SQL): SQL {
  return sql`EXISTS (
    SELECT 1 FROM schedule WHERE schedule.noun = ${noun} AND schedule.thing = ${thing} AND ${which})`;
}

/**
 * An occurrence is still to come, or waits: what its index is of, so that of a schedule's rows only these are looked at
 * and not all that ever came of it.
 */
export function isOpen(occurrence: SQL): SQL {
  return sql`${occurrence}.state IN ('PLANNED', 'QUEUED')`;
}

interface ScheduleFilter {
  readonly state?: ScheduleState | undefined;
  /** Only those of this shop; empty: the company's own. */
  readonly shop?: string | undefined;
}

/** Schedules, the oldest first; `after` is the last id of the page before. */
export function listSchedules(
  ctx: Context,
  page: ScheduleFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<Schedule[]> {
  const { state, shop, after, limit } = page;
  return ctx.db.orm
    .select()
    .from(scheduleTable)
    .where(
      and(
        isThere(ctx),
        isOfShop(shop, sql`schedule.shop`),
        state && eq(scheduleTable.state, state),
        after === undefined ? undefined : gt(scheduleTable.id, after),
      ),
    )
    .orderBy(asc(scheduleTable.id))
    .limit(limit);
}

/** The occurrences of these ids in the order asked, where the actor may know of their schedules. */
export async function occurrencesById(ctx: Context, ids: readonly number[]): Promise<(Occurrence | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(occurrenceTable)
    .where(
      and(
        inArray(occurrenceTable.id, [...ids]),
        sql`EXISTS (SELECT 1 FROM schedule WHERE schedule.id = occurrence.schedule AND ${isThere(ctx)})`,
      ),
    );
  return inOrder(ids, found);
}

/** Which of a schedule's occurrences, and from where: `after` is the time (ms) of the last one of the page before. */
interface OccurrencePage {
  readonly schedule: number;
  readonly state?: OccurrenceState | undefined;
  /** The soonest first; else the latest first. */
  readonly isForward?: boolean;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** A schedule's occurrences, by the times that they were planned for. */
export function listOccurrences({ db }: Context, { schedule, state, isForward = false, after, limit }: OccurrencePage) {
  const { plannedAt } = occurrenceTable;
  const isBehind = after === undefined ? undefined : isForward ? gt(plannedAt, after) : lt(plannedAt, after);
  return db.orm
    .select()
    .from(occurrenceTable)
    .where(and(eq(occurrenceTable.schedule, schedule), state && eq(occurrenceTable.state, state), isBehind))
    .orderBy(isForward ? asc(plannedAt) : desc(plannedAt))
    .limit(limit);
}
