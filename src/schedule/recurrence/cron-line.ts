import { z } from "zod";
import { quote } from "../../input.ts";
import { gapBefore } from "./clock-change.ts";

const fields = ["minute", "hour", "day of the month", "month", "weekday"];

/** Five fields: minute, hour, day of the month, month, weekday. */
export const CronLine = z
  .string()
  .trim()
  .max(100)
  .refine((line) => line.split(/\s+/).length === fields.length, "has five fields: minute hour day month weekday");

/**
 * The next time (ms) after one at which a line comes in a zone; undefined if it never does. Of the times in a stretch
 * that the zone's clock skips, the first comes, moved by the length of the stretch. Of an hour that comes twice, the
 * first pass alone counts, unless the line names every hour or every minute: that one follows the clock on the wall.
 * Throws where the line is none.
 */
export function nextCron(line: string, zone: string, after: number): number | undefined {
  const found = parsed(line, zone, after);
  const candidates = [found, movedAfter(line, zone, after), existingBefore(line, zone, after, found)];
  const coming = candidates.filter((time) => time !== undefined && time > after).map(Number);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

/** All of these times, ascending. */
export function* cronTimes(line: string, zone: string, after: number): Generator<number> {
  for (let next = nextCron(line, zone, after); next !== undefined; next = nextCron(line, zone, next)) yield next;
}

/** What is wrong with a line of five fields, by the field that it is; a line that is right may still never come. */
export function cronFault(line: string): string | undefined {
  const whole = faultOf(line);
  if (whole === undefined) return undefined;
  const given = line.trim().split(/\s+/);
  const i = given.findIndex((field, i) => faultOf(fields.map((_, at) => (at === i ? field : "*")).join(" ")));
  return i < 0 ? whole : `${quote(given[i] ?? "")} is no ${fields[i]}: ${whole}`;
}

function faultOf(line: string): string | undefined {
  try {
    parsed(line, "UTC", 0);
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^.*?: /, "");
  }
}

function parsed(line: string, zone: string, after: number): number | undefined {
  return Bun.cron.parse(line, new Date(after), { tz: zone })?.getTime();
}

/** Bun forgets the time that is moved out of a skipped stretch when it is asked between the stretch and that time. */
function movedAfter(line: string, zone: string, after: number): number | undefined {
  const gap = gapBefore(zone, after);
  if (!gap) return undefined;
  const skipped = parsed(line, "UTC", gap.from - 1);
  return skipped !== undefined && skipped < gap.to ? skipped - (gap.from - gap.at) : undefined;
}

/** Bun leaves out the times that the clock does show between the end of the stretch and the one that is moved. */
function existingBefore(line: string, zone: string, after: number, found: number | undefined): number | undefined {
  const gap = found === undefined ? undefined : gapBefore(zone, found);
  if (!gap || gap.at <= after) return undefined;
  const shown = parsed(line, "UTC", gap.to - 1);
  return shown === undefined ? undefined : shown - (gap.to - gap.at);
}
