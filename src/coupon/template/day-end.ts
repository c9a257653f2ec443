import { type SQL, sql } from "drizzle-orm";
import { rows } from "../../db/bulk.ts";

/** The most days for which a coupon may be promised. */
export const maxDays = 3_650;
const dayMs = 86_400_000;

/**
 * When the `days`-th day after a moment (ms) ends in a zone, ms: the first instant of the day behind it, however long
 * that day is and wherever its clock was moved. 0 is the day of the moment itself.
 */
export function endOfDay(at: number, days: number, zone: string): number {
  return startOf(dayOf(at, zone), days + 1, zone);
}

/** From so many days on an end lies at `base` + days × 24 h, until the next stretch begins. */
type Stretch = readonly [days: number, base: number];

/**
 * All ends of {@link endOfDay} for one moment, cut where the zone's clock is moved: some twenty stretches instead of
 * thousands of days, so that a statement can carry them and the row that it finds may say the days.
 */
export function dayEnds(at: number, zone: string): Stretch[] {
  const day = dayOf(at, zone);
  const stretches: Stretch[] = [];
  for (const days of daysToLookAt(at, day, zone)) {
    const base = startOf(day, days + 1, zone) - days * dayMs;
    if (stretches.at(-1)?.[1] !== base) stretches.push([days, base]);
  }
  return stretches;
}

/** The end of the `t.valid_days`-th day after a moment, of template `t`; null where it promises no days. */
export function dayEndSql(at: number, zone: string): SQL {
  return sql`(
    SELECT (value ->> 1) + t.valid_days * ${dayMs} FROM ${rows(dayEnds(at, zone))}
    WHERE (value ->> 0) <= t.valid_days ORDER BY key DESC LIMIT 1)`;
}

/** The first day, and all around those on which the clock is moved: between them every day has 24 hours. */
function daysToLookAt(at: number, day: Temporal.PlainDate, zone: string): number[] {
  const found = new Set([0]);
  let now = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  for (;;) {
    const next = now.getTimeZoneTransition("next");
    const days = next ? day.until(next.toPlainDate()).days : maxDays + 3;
    if (!next || days > maxDays + 2) break;
    for (let near = days - 2; near <= days; near++) if (near >= 0 && near <= maxDays) found.add(near);
    now = next;
  }
  return [...found].sort((a, b) => a - b);
}

function dayOf(at: number, zone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate();
}

function startOf(day: Temporal.PlainDate, days: number, zone: string): number {
  return day.add({ days }).toZonedDateTime(zone).epochMilliseconds;
}
