import type { Context } from "../context.ts";
import { countClockStep } from "./metrics.ts";

/** How often the wall clock is held against the process's own time, and by how much it may be off, in milliseconds. */
const everyMs = 1_000;
const stepMs = 1_000;

/**
 * Says when the clock was set, back or ahead, or the machine has slept: what is due then is due by the clock as it is,
 * and whoever wonders why reads it in the log (`clock.stepped`) and in the metrics.
 */
export function watchClock(ctx: Context): { stop(): void } {
  let [wall, own] = [ctx.clock(), ctx.timers.now()];
  const timer = ctx.timers.every(everyMs, () => {
    const ms = Math.round(ctx.clock() - wall - (ctx.timers.now() - own));
    [wall, own] = [ctx.clock(), ctx.timers.now()];
    if (Math.abs(ms) < stepMs) return;
    countClockStep(ms);
    ctx.log("warn", "clock.stepped", { ms });
    if (ms < 0) shortenWaits(ctx).catch((error) => ctx.log("error", "clock.unheeded", { error }));
  });
  timer.unref();
  return timer;
}

/** Has what waits in the domains wait no longer than it may by the clock as it is. */
async function shortenWaits(ctx: Context): Promise<void> {
  await ctx.db.write(ctx.domains.flatMap((domain) => domain.shortenWaits?.(ctx) ?? []));
}
