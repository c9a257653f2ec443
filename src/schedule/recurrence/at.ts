import type { z } from "zod";
import { Instant, noWalls, type Plan } from "./plan.ts";

/** One instant, ms. */
export const AtRule = Instant;
export type AtRule = z.infer<typeof AtRule>;

export function at(instant: AtRule): Plan {
  return {
    *times(after) {
      if (instant > after) yield instant;
    },
    walls: noWalls,
    faults: () => [],
    nothingAfter: () => ({ path: "recurrence.at", message: "is in the past" }),
  };
}
