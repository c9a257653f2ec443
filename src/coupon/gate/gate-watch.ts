import type { Context } from "../../context.ts";
import { keepGates } from "./conservation.ts";

/** How often gates are made true again, ms. */
const everyMs = 30_000;

/** What keeps the gates true until it is stopped. */
export interface GateWatch {
  stop(): Promise<void>;
}

/** Reconciles the gates every 30 s, in one of the processes. An outage is logged, and tried again the next time. */
export function watchGates(ctx: Context): GateWatch {
  let running: Promise<void> | undefined;
  const keep = async () => {
    await keepGates(ctx).catch((error) => ctx.log("warn", "coupon.reconcile_failed", { error }));
    running = undefined;
  };
  const timer = ctx.timers.every(everyMs, () => {
    running ??= keep();
  });
  timer.unref();
  return {
    stop: async () => {
      timer.stop();
      await running;
    },
  };
}
