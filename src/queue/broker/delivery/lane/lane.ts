import type { Message } from "../../records.ts";
import type { Limiter } from "./limiter.ts";

/**
 * Messages that share one set of limits. Only the numbers of due ones are held in memory, bounded; the rest stays in
 * the table.
 */
export interface Lane {
  readonly limiter: Limiter;
  /** Waits in line for a slot. */
  isQueued: boolean;
  /** Takes a message that just became due. */
  add(seq: number): void;
  /** The table may have due messages that the lane does not know. */
  expectMore(): void;
  hasNext(): boolean;
  /** Whether it may be forgotten: another of its key would do the same. */
  isIdle(now: number): boolean;
  /** The next message to deliver, if any; it is held, so that it is not taken twice, until it is released. */
  take(now: number): Message | undefined;
  release(seq: number): void;
  /** Gives a message back that was taken but cannot be delivered yet; it is the next again. */
  putBack(seq: number): void;
  /** Reads its limits anew. */
  refreshLimits(): void;
}
