import { inZone } from "../../cron/clock-change.ts";

/*
 * A wall time is a date and a time that a clock shows, `2027-03-28T09:00:00`, wherever it hangs. The earliest zone on
 * earth is fourteen hours ahead of UTC.
 */
const earliestOffsetMs = 14 * 3_600_000;
/** From the first clock on earth that shows a time to the last one, at most, ms. */
export const roundTheEarthMs = 26 * 3_600_000;

/** What the clock of a zone shows at a moment (ms), to the second. */
export function wallIn(zone: string, at: number): string {
  return inZone(zone, at).toPlainDateTime().toString({ smallestUnit: "second" });
}

/**
 * When the clock of a zone shows a wall time (ms). One that is skipped comes moved by what is skipped; of one that
 * comes twice it is the first.
 */
export function momentOf(wall: string, zone: string): number {
  return Temporal.PlainDateTime.from(wall).toZonedDateTime(zone, { disambiguation: "compatible" }).epochMilliseconds;
}

/** When it next shows that time of the day after a moment (ms): on the date itself, or on one behind it. */
export function nextMomentOf(wall: string, zone: string, after: number): number {
  const date = Temporal.PlainDateTime.from(wall);
  const days = Math.max(0, Math.floor((after - momentOf(wall, zone)) / 86_400_000) - 1);
  for (let day = days; ; day++) {
    const at = momentOf(date.add({ days: day }).toString(), zone);
    if (at > after) return at;
  }
}

/** When the first clock on earth shows a wall time (ms). */
export function firstMomentOf(wall: string): number {
  return momentOf(wall, "UTC") - earliestOffsetMs;
}
