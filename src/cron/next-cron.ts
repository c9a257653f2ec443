import { gapBefore } from "./clock-change.ts";

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
