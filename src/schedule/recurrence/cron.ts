import { z } from "zod";
import { cronTimes } from "../../cron/next-cron.ts";
import { CronLine, cronFault } from "./cron-line.ts";
import { Instant, type Plan, spanFault } from "./plan.ts";

/** Again and again by the clock of the zone, from one moment to another (ms), both included; null is no bound. */
export const CronRule = z.strictObject({
  line: CronLine,
  from: Instant.nullable().default(null),
  until: Instant.nullable().default(null),
});
export type CronRule = z.infer<typeof CronRule>;

const path = "recurrence.cron";

export function cron({ line, from, until }: CronRule, zone: string): Plan {
  return {
    *times(after) {
      for (const time of cronTimes(line, zone, Math.max(after, (from ?? 0) - 1))) {
        if (until !== null && time > until) return;
        yield time;
      }
    },
    walls: (after) => cronTimes(line, "UTC", after),
    faults() {
      const message = cronFault(line) ?? neverFault(line);
      return [
        ...(message === undefined ? [] : [{ path: `${path}.line`, message }]),
        ...spanFault(`${path}.until`, from, until),
      ];
    },
    nothingAfter: (now) => ({
      path: until === null ? `${path}.line` : `${path}.until`,
      message: until !== null && until <= now ? "is in the past" : "leaves no time at which the line comes",
    }),
  };
}

function neverFault(line: string): string | undefined {
  const [first] = cronTimes(line, "UTC", 0);
  return first === undefined ? "never comes: the calendar has no such day" : undefined;
}
