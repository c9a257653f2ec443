import { type Distribution, endedRows, type OutcomeCount } from "./distribution.ts";
import type { DistributionState } from "./table.ts";

/** How far a distribution is. */
export interface DistributionProgress {
  readonly state: DistributionState;
  /** Rows that are dealt with: read, until it is started; from then on those of which it is decided what became. */
  readonly done: number;
  /** Rows that there are; null while the file is read. */
  readonly total: number | null;
  /** Rows per second since it began or went on. */
  readonly perSecond: number;
  /** Seconds to its end at that rate; null when that cannot be said. */
  readonly etaSeconds: number | null;
  /** Of all outcomes. */
  readonly counts: readonly OutcomeCount[];
}

/** States that a distribution does not leave any more. */
export const lastStates: readonly DistributionState[] = ["COMPLETED", "FAILED", "CANCELLED"];

/** How far a distribution is, at a time (ms). Pure. */
export function distributionProgress(distribution: Distribution, now: number): DistributionProgress {
  const { state, counts, rows, startedAt, sinceAt, sinceRows, updatedAt } = distribution;
  const isStarted = startedAt !== null;
  const done = isStarted ? endedRows(distribution) : rows;
  const total = isStarted || state === "READY" ? rows : null;
  const isMoving = state === "VALIDATING" || state === "RUNNING";
  const seconds = sinceAt === null ? 0 : ((isMoving ? now : updatedAt) - sinceAt) / 1_000;
  const perSecond = seconds > 0 ? Math.max(0, done - sinceRows) / seconds : 0;
  const isKnown = state === "RUNNING" && total !== null && perSecond > 0;
  return {
    state,
    done,
    total,
    perSecond,
    etaSeconds: isKnown ? Math.ceil((total - done) / perSecond) : null,
    counts,
  };
}
