import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { momentOf, nextMomentOf } from "../../schedule/recurrence/wall.ts";
import { readTimeZone } from "../../value/time-zone.ts";
import { isUnfit } from "../../value/value.ts";
import type { FrozenRun } from "./frozen.ts";
import type { ZoneKey } from "./of-zone.ts";

/** A zone of a run by members' clocks, and how far its pages are planned. */
export interface RunZone extends Omit<ZoneKey, "run"> {
  /** When it is its turn (ms). */
  readonly at: number;
  readonly skipped: number;
  readonly planned: number;
  readonly plannedTo: number;
  readonly openFrom: number;
  readonly openMatches: number;
  readonly found: number;
  readonly pages: number;
}

/** What members' clocks show when it is their turn, and what becomes of those on whose it has passed. */
export type ByClocks = NonNullable<FrozenRun["byClocks"]>;

/** So late (ms) a wave still is in time: to begin a run and to plan its pages takes a while. */
const lateMs = 30 * 60_000;

/** The zones that a run has had its eye on, those whose turn comes first before the others. */
export function zonesOfRun({ db }: Context, run: number): Promise<RunZone[]> {
  return db.all<RunZone>(sql`
    SELECT round, zone, at, skipped, planned, planned_to AS plannedTo, open_from AS openFrom,
      open_matches AS openMatches, found, pages
    FROM run_zone WHERE run = ${run} ORDER BY at, round, zone`);
}

/** When the next wave of a run comes (ms), as an SQL expression; null where none is left. */
export function nextWave(run: SQL): SQL {
  return sql`(SELECT min(z.at) FROM run_zone z WHERE z.run = ${run} AND z.planned = 0)`;
}

/** All zones that members have, as they have them; read off the index, a step for each. */
export async function zonesOfMembers({ db }: Context): Promise<string[]> {
  const first = (behind = sql``) => sql`(
    SELECT coalesce(time_zone, '') FROM member INDEXED BY member_zone WHERE deleted_at IS NULL${behind}
    ORDER BY coalesce(time_zone, '') LIMIT 1)`;
  const found = await db.all<{ zone: string }>(sql`
    WITH RECURSIVE known (zone) AS (
      SELECT ${first()}
      UNION ALL SELECT ${first(sql` AND coalesce(time_zone, '') > known.zone`)} FROM known WHERE zone IS NOT NULL)
    SELECT zone FROM known WHERE zone IS NOT NULL`);
  return found.map(({ zone }) => zone);
}

/** The zone whose clock counts for members who have this one: the shop's for those without, and for what is none. */
export function clockOf({ settings }: Context, zone: string): string {
  const read = readTimeZone(zone);
  return isUnfit(read) ? settings.shopTimeZone : read;
}

/** Whether members with this zone have a clock of their own: that it is a zone, and there is one. */
export function isOwnClock(zone: string): boolean {
  return !isUnfit(readTimeZone(zone));
}

/** A zone that nobody had yet, with its turn. */
export function newZone(ctx: Context, { wall }: ByClocks, zone: string): RunZone {
  return { ...unplanned, round: 0, zone, at: momentOf(wall, clockOf(ctx, zone)), skipped: 0 };
}

const unplanned = { planned: 0, plannedTo: 0, openFrom: 0, openMatches: 0, found: 0, pages: 0 };

/** A zone with what becomes of it where its time has passed: now, at the next day's time, or not at all. */
export function judged(ctx: Context, { wall, passed }: ByClocks, zone: RunZone): RunZone {
  const now = ctx.clock();
  if (zone.planned === 1 || zone.plannedTo > 0 || now - zone.at <= lateMs) return zone;
  if (passed === "SKIP") return { ...zone, skipped: 1 };
  return passed === "NOW" ? zone : { ...zone, at: nextMomentOf(wall, clockOf(ctx, zone.zone), now) };
}

/** Rounds in which those who are left wait for the next day; whoever changes zones once more is reached at once. */
const waitingRounds = 3;

/** The turn of those who changed into a zone that had been served, and are left. */
export function zoneLeft(ctx: Context, { wall, passed }: ByClocks, zone: string, round: number): RunZone {
  const now = ctx.clock();
  const clock = clockOf(ctx, zone);
  const own = Math.max(now, momentOf(wall, clock));
  const waits = passed === "NEXT_DAY" && round <= waitingRounds && own === now;
  const at = waits ? nextMomentOf(wall, clock, now) : own;
  return { ...unplanned, round, zone, at, skipped: passed === "SKIP" && own === now ? 1 : 0 };
}
