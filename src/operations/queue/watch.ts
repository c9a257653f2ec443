import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { countMending } from "../metrics.ts";

/** What was wrong with something of ours at the queue that recurs, or is told of events. */
export const mendingCauses = ["MISSING", "FOREIGN", "PAUSED", "CHANGED"] as const;
export type MendingCause = (typeof mendingCauses)[number];

/** Something of ours at the queue that this process set right. */
export interface Mending {
  /** The queue's name for it. */
  readonly name: string;
  readonly was: MendingCause;
  /** Milliseconds. */
  readonly at: number;
}

/** What this process's watch over the queue has seen. */
export interface QueueWatch {
  readonly startedAt: number;
  /** When it last found, or set, everything right (ms). */
  checkedAt: number | null;
  /** Why it could not look, the last time. */
  error: string | null;
  /** The newest first, a few. */
  mended: readonly Mending[];
}

/** Of what was mended so many are remembered. */
const remembered = 20;

/** Begins when it is first asked for: at the start of the process. */
export function queueWatch(ctx: Pick<Context, "memory" | "clock">): QueueWatch {
  const make = (): QueueWatch => ({ startedAt: ctx.clock(), checkedAt: null, error: null, mended: [] });
  return perApp(ctx, "operations.queueWatch", make);
}

/** Says, wherever one may look, that something at the queue was not as it should be and is again. */
export function noteMending(ctx: Pick<Context, "memory" | "clock" | "log">, name: string, was: MendingCause): void {
  const watch = queueWatch(ctx);
  watch.mended = [{ name, was, at: ctx.clock() }, ...watch.mended].slice(0, remembered);
  countMending(was);
  ctx.log("warn", "queue.mended", { name, was });
}
