import type { CodePool, PoolState } from "./pool-table.ts";

/** How far a pool is filled. */
export interface PoolProgress {
  readonly pool: number;
  readonly state: PoolState;
  /** Codes that it has. */
  readonly done: number;
  /** Codes that it is to have; null for an upload that has not ended. */
  readonly total: number | null;
  /** Codes per second since it began or went on. */
  readonly perSecond: number;
  /** Seconds to its end at that rate; null when that cannot be said. */
  readonly etaSeconds: number | null;
}

/** States from which a pool does not go on by itself, or at all. */
export const endedPools: readonly PoolState[] = ["READY", "CANCELLED"];

/** How far a pool is, at a time (ms). Pure. */
export function poolProgress(pool: CodePool, now: number): PoolProgress {
  const { id, state, wanted: total, made: done, sinceAt, sinceMade, updatedAt } = pool;
  const until = state === "FILLING" ? now : updatedAt;
  const seconds = (until - sinceAt) / 1_000;
  const perSecond = seconds > 0 ? (done - sinceMade) / seconds : 0;
  const isMoving = state === "FILLING" && total !== null && perSecond > 0;
  return {
    pool: id,
    state,
    done,
    total,
    perSecond,
    etaSeconds: isMoving ? Math.ceil((total - done) / perSecond) : null,
  };
}
