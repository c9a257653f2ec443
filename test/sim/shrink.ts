import type { History } from "./history.ts";

/** The places of a plan that still bring a violation about, and the history of them alone. */
export interface Shrunk {
  readonly places: readonly number[];
  readonly history: History;
  readonly tries: number;
}

/** Runs a history of these places of the plan alone. */
export type Rerun = (places: readonly number[]) => Promise<History>;

/**
 * Leaves out of a plan what the violation does not need, halves first, then ever smaller parts, as long as the same
 * checker still complains (delta debugging, Zeller and Hildebrandt 2002); within so many tries.
 */
export async function shrink(rerun: Rerun, found: History, mostTries: number): Promise<Shrunk> {
  const complaint = complaintOf(found);
  let best: Shrunk = { places: found.happened, history: found, tries: 0 };
  let tries = 0;
  for (let parts = 2; parts <= best.places.length && tries < mostTries; ) {
    const size = Math.ceil(best.places.length / parts);
    let isSmaller = false;
    for (let part = 0; part * size < best.places.length && tries < mostTries; ) {
      const places = [...best.places.slice(0, part * size), ...best.places.slice((part + 1) * size)];
      const history = await rerun(places);
      tries += 1;
      if (complaintOf(history) === complaint) {
        best = { places, history, tries };
        isSmaller = true;
      } else part += 1;
    }
    if (size === 1 && !isSmaller) break;
    parts = isSmaller ? Math.max(2, parts - 1) : parts * 2;
    if (parts > best.places.length) parts = best.places.length;
  }
  return { ...best, tries };
}

/** What complained first, without what it named. */
export function complaintOf({ violations: [first = ""] }: Pick<History, "violations">): string {
  return first.replace(/:.*/s, "");
}
