import { z } from "zod";
import type { Issue } from "../../errors.ts";

/** What a recurrence comes to in a zone. */
export interface Plan {
  /** Its times (ms) strictly after one, ascending. */
  times(after: number): Generator<number>;
  /** What the clock shows at the times that it names by the clock, after one, in ms as if it were UTC's. */
  walls(after: number): Generator<number>;
  /** What is wrong with it, whenever that is asked. */
  faults(): Issue[];
  /** What is wrong where none of its times are still to come. */
  nothingAfter(now: number): Issue;
}

/** Of what names moments and not what a clock shows. */
export function* noWalls(): Generator<number> {}

/** A moment in ms: what the calendar has from 1970 to 9999. */
export const Instant = z.int().min(0).max(Date.parse("9999-12-31T23:59:59.999Z"));

/** What is wrong with an end that lies before its beginning. */
export function spanFault(path: string, from: number | string | null, until: number | string | null): Issue[] {
  const isReversed = from !== null && until !== null && until < from;
  return isReversed ? [{ path, message: "lies before the beginning" }] : [];
}
