import { inZone } from "../../cron/clock-change.ts";
import type { Timing } from "./recurrence.ts";

/** Whether a planned time (ms) falls on a day, by the zone's calendar, that is left out by itself or as a holiday. */
export function isExcluded(
  { zone, exclude }: Pick<Timing, "zone" | "exclude">,
  holidays: ReadonlySet<string>,
  planned: number,
): boolean {
  const day = inZone(zone, planned).toPlainDate().toString();
  return holidays.has(day) || exclude.dates.includes(day);
}
