import { changesAfter } from "../../cron/clock-change.ts";
import type { Issue } from "../../errors.ts";
import { check, schemaIssues } from "../../input.ts";
import { isExcluded } from "./exclusion.ts";
import type { Plan } from "./plan.ts";
import { planOf, Timing } from "./recurrence.ts";

/** So many times are looked at for what is asked of all. */
const lookedAt = 1_000;

/**
 * What is wrong with a timing, by paths below it: what its schema refuses, what cannot be or never comes, what lies in
 * the past (`now`, ms) as a whole, and jitter by which one would come after the next.
 */
export function timingIssues(said: unknown, now: number): Issue[] {
  const { success, data: timing, error } = check(Timing, said);
  if (!success) return schemaIssues(error);
  const plan = planOf(timing);
  const faults = plan.faults();
  if (faults.length > 0) return faults;
  const coming = [...plan.times(now).take(lookedAt)];
  if (coming.length === 0) return [plan.nothingAfter(now)];
  return [...exclusionIssues(timing, coming), ...jitterIssues(timing, plan, coming)];
}

function exclusionIssues(timing: Timing, coming: readonly number[]): Issue[] {
  const isNothingLeft = coming.length < lookedAt && coming.every((time) => isExcluded(timing, new Set(), time));
  return isNothingLeft ? [{ path: "exclude.dates", message: "leave out all that is still to come" }] : [];
}

function jitterIssues({ zone, jitterSeconds }: Timing, plan: Plan, coming: readonly number[]): Issue[] {
  if (jitterSeconds === 0) return [];
  const shortest = Math.min(...distances(coming), ...shortestAtChanges(zone, plan, coming));
  if (jitterSeconds * 1_000 < shortest) return [];
  const seconds = Math.ceil(shortest / 1_000).toLocaleString("en");
  return [{ path: "jitterSeconds", message: `must be less than ${seconds}: so soon the next one may come` }];
}

const changesLookedAt = 4;
const hourMs = 3_600_000;

/** A clock that is set on brings two closer together than they are on all other days. */
function shortestAtChanges(zone: string, plan: Plan, coming: readonly number[]): number[] {
  const around = Math.min(48 * hourMs, hourMs + Math.max(0, ...distances(coming)));
  const [first = 0] = coming;
  return [...changesAfter(zone, first).take(changesLookedAt)].flatMap((change) =>
    distances(until(change + around + 2 * hourMs, plan.times(Math.max(first - 1, change - around)))),
  );
}

function until(end: number, times: Iterable<number>): number[] {
  const taken: number[] = [];
  for (const time of times) {
    taken.push(time);
    if (time > end) break;
  }
  return taken;
}

function distances(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? time));
}
