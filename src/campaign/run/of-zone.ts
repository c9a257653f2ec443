import { type SQL, sql } from "drizzle-orm";
import { type FrozenRun, matches } from "./frozen.ts";

/** A zone of a run by members' clocks: who is in it, and who has changed into it since it was served. */
export interface ZoneKey {
  readonly run: number;
  /** As members have it; empty: none of their own. */
  readonly zone: string;
  /** 0; behind it those who changed zones and whom no page had. */
  readonly round: number;
}

/** The zone of member `m` as it is indexed. */
const zoneOf = sql.raw("coalesce(m.time_zone, '')");

/** Members `m` of a zone in the order in which they arrived, whether the run is for them or not. */
export function membersIn(zone: string, after: SQL | number, upTo: SQL | number): SQL {
  return sql`member m INDEXED BY member_zone
    WHERE ${zoneOf} = ${zone} AND m.deleted_at IS NULL AND m.seq > ${after} AND m.seq <= ${upTo}`;
}

/** Those of them whom the run is for, and who are on no page of it yet. */
export function turnOf(frozen: FrozenRun, { run, zone, round }: ZoneKey, after: SQL | number, upTo: SQL | number): SQL {
  if (round > 0) return sql`${leftOf(frozen, run, after, upTo)} AND ${zoneOf} = ${zone}`;
  const isServed = sql`(${hasMoved(run)} AND NOT ${isUnserved(frozen, run)})`;
  return sql`${membersIn(zone, after, upTo)} AND ${matches(frozen)} AND NOT ${isServed}`;
}

/**
 * Members `m` whom the run is for and who have changed zones since it began, but are on no page: their zone had been
 * served. All others are on a page of the zone that they have had all along.
 */
export function leftOf(frozen: FrozenRun, run: number, after: SQL | number, upTo: SQL | number): SQL {
  return sql`zone_move v CROSS JOIN member m ON m.seq = v.member
    WHERE v.run = ${run} AND v.member > ${after} AND v.member <= ${upTo} AND ${matches(frozen)}
      AND ${isUnserved(frozen, run)}`;
}

/** The zones of those who are left. */
export function zonesLeft(frozen: FrozenRun, run: number): SQL {
  return sql`SELECT DISTINCT ${zoneOf} AS zone FROM ${leftOf(frozen, run, 0, frozen.maxSeq)}`;
}

function hasMoved(run: number): SQL {
  return sql`EXISTS (SELECT 1 FROM zone_move v WHERE v.run = ${run} AND v.member = m.seq)`;
}

/** Member `m` is in no page of the run that is written. */
export function isUnserved({ channels }: FrozenRun, run: number): SQL {
  return sql`NOT EXISTS (
    SELECT 1 FROM send its WHERE its.run = ${run} AND its.channel = ${channels[0]} AND its.member = m.seq)`;
}
