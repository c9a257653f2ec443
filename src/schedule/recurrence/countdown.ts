import { z } from "zod";
import { inZone } from "../../cron/clock-change.ts";
import { calendarDate } from "../../value/date.ts";
import { type Plan, spanFault } from "./plan.ts";

/** Every so many days until a date, at one time of the zone's clock; the last is on the date. */
export const CountdownRule = z.strictObject({
  every: z.int().min(1).max(366),
  to: calendarDate(),
  time: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of the day like 09:00"),
  /** The first day on which one may come. */
  from: calendarDate().nullable().default(null),
});
export type CountdownRule = z.infer<typeof CountdownRule>;

const path = "recurrence.countdown";

/** Days are the calendar's, counted back from the date. A time that the clock skips is moved by what it skips. */
export function countdown(rule: CountdownRule, zone: string): Plan {
  return {
    times: (after) => countedDown(rule, zone, after),
    walls: (after) => countedDown(rule, "UTC", after),
    faults: () => spanFault(`${path}.to`, rule.from, rule.to),
    nothingAfter: () => ({ path: `${path}.to`, message: "is in the past, with its time" }),
  };
}

function* countedDown({ every, to, time, from }: CountdownRule, zone: string, after: number): Generator<number> {
  const plainTime = Temporal.PlainTime.from(time);
  const end = Temporal.PlainDate.from(to);
  // One of the day before may have been moved past it: the calendar of a zone has skipped a whole day.
  const near = inZone(zone, after).toPlainDate().subtract({ days: 1 });
  const first = from !== null && from > near.toString() ? Temporal.PlainDate.from(from) : near;
  let last = after;
  for (let left = Math.floor(first.until(end).days / every); left >= 0; left--) {
    const day = end.subtract({ days: left * every });
    const planned = day.toZonedDateTime({ timeZone: zone, plainTime }).epochMilliseconds;
    if (planned > last) yield planned;
    last = Math.max(last, planned);
  }
}
