import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { wallIn } from "../../schedule/recurrence/wall.ts";
import { clockOf, isOwnClock } from "../run/zones.ts";
import type { Run } from "../table.ts";

/** How far a wave is. */
export const waveStates = ["WAITING", "RUNNING", "DONE"] as const;
export type WaveState = (typeof waveStates)[number];

/** Members on whose clocks it is their turn at one moment. */
export interface Wave {
  /** When that is (ms). */
  readonly at: number;
  /** How far their clocks are from UTC then, `+05:30`. */
  readonly offset: string;
  /** Their zones, as members have them; those of members without one is the shop's. */
  readonly zones: readonly string[];
  /** In written pages. */
  readonly members: number;
  readonly state: WaveState;
  /** Their time had passed, and nobody is sent to. */
  readonly isSkipped: boolean;
}

/** A run by members' clocks. */
export interface RunLocalTime {
  /** What their clocks show when it is their turn, `2027-06-01T09:00:00`. */
  readonly time: string;
  readonly waves: readonly Wave[];
  /** Members in written pages who have no time zone of their own, or none that there is: the shop's counts. */
  readonly withoutZone: number;
}

/** A zone of such a run, and how far it is. */
export interface ZoneStanding {
  readonly zone: string;
  readonly at: number;
  readonly skipped: number;
  readonly planned: number;
  readonly members: number;
  /** Pages planned and not written. */
  readonly open: number;
}

interface ZoneRow extends ZoneStanding {
  readonly run: number;
}

/** How each of these runs goes round the earth, in the order asked; null where all are reached at one moment. */
export async function localTimeOfRuns(
  ctx: Context,
  runs: readonly (Run | undefined)[],
): Promise<(RunLocalTime | null)[]> {
  const ids = runs.flatMap((run) => (run?.wall ? [run.id] : []));
  const found = await ctx.db.all<ZoneRow>(sql`
    SELECT run, zone, at, skipped, planned, members, pages - pages_written AS open
    FROM run_zone WHERE run IN (SELECT value FROM ${rows(ids)}) ORDER BY at, zone`);
  const byRun = Map.groupBy(found, ({ run }) => run);
  return runs.map((run) => {
    if (!run?.wall) return null;
    return roundTheEarth(ctx, run.wall, byRun.get(run.id) ?? []);
  });
}

/** How it goes round the earth when clocks show a time; its zones are in the order of their turns. */
export function roundTheEarth(ctx: Context, time: string, zones: readonly ZoneStanding[]): RunLocalTime {
  const strangers = zones.filter(({ zone }) => !isOwnClock(zone));
  return { time, waves: wavesOf(ctx, zones), withoutZone: membersOf(strangers) };
}

function wavesOf(ctx: Context, zones: readonly ZoneStanding[]): Wave[] {
  const told = zones.map((row) => ({ ...row, offset: offsetOf(clockOf(ctx, row.zone), row.at) }));
  const groups = Map.groupBy(told, ({ at, offset, skipped }) => `${at} ${offset} ${skipped}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { at, offset, skipped } = first;
    const names = [...new Set(group.map(({ zone }) => (isOwnClock(zone) ? zone : clockOf(ctx, zone))))].toSorted();
    const state = stateOf(group, ctx.clock());
    return [{ at, offset, zones: names, members: membersOf(group), state, isSkipped: skipped === 1 }];
  });
}

function stateOf(zones: readonly ZoneStanding[], now: number): WaveState {
  if (zones.every(({ planned, open }) => planned === 1 && open === 0)) return "DONE";
  return zones.every(({ planned, at }) => planned === 0 && at > now) ? "WAITING" : "RUNNING";
}

function membersOf(zones: readonly ZoneStanding[]): number {
  return zones.reduce((sum, { members }) => sum + members, 0);
}

/** How far the clock of a zone is from UTC at a moment. */
export function offsetOf(zone: string, at: number): string {
  const minutes = Math.round((Date.parse(`${wallIn(zone, at)}Z`) - at) / 60_000);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}
