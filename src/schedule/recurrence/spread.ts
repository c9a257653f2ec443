import { z } from "zod";
import type { Issue } from "../../errors.ts";
import { Instant, noWalls, type Plan, spanFault } from "./plan.ts";

/** So many times at most: each is a row that is looked at one by one. */
const mostTimes = 1_000;

/** So many times between two moments (ms), evenly. */
export const SpreadRule = z.strictObject({
  from: Instant,
  until: Instant,
  count: z.int().min(1).max(mostTimes),
});
export type SpreadRule = z.infer<typeof SpreadRule>;

const minuteMs = 60_000;
const path = "recurrence.spread";

/**
 * The first at the start, the last at the end, the others evenly between in time that goes by, whatever clocks show,
 * to whole seconds; one alone at the start.
 */
export function spread(rule: SpreadRule): Plan {
  return {
    *times(after) {
      for (let i = 0; i < rule.count; i++) {
        const time = timeOf(rule, i);
        if (time > after) yield time;
      }
    },
    walls: noWalls,
    faults: () => spanFault(`${path}.until`, rule.from, rule.until).concat(roomFault(rule)).slice(0, 1),
    nothingAfter: () => ({ path: `${path}.until`, message: "is in the past" }),
  };
}

function timeOf({ from, until, count }: SpreadRule, i: number): number {
  if (i === 0) return from;
  if (i === count - 1) return until;
  return Math.round((from + (i * (until - from)) / (count - 1)) / 1_000) * 1_000;
}

function roomFault({ from, until, count }: SpreadRule): Issue[] {
  if (until - from >= count * minuteMs) return [];
  const room = minutes(Math.floor((until - from) / minuteMs));
  const pushes = count === 1 ? "1 push needs" : `${count.toLocaleString("en")} pushes need`;
  return [
    { path: `${path}.count`, message: `${pushes} at least ${minutes(count)}: from start to end there are ${room}` },
  ];
}

function minutes(count: number): string {
  return `${count.toLocaleString("en")} minute${count === 1 ? "" : "s"}`;
}
