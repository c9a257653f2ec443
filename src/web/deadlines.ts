import type { Timers } from "../world.ts";

/** Calls `late` after so many milliseconds, unless what it answers is called before. */
export type Deadlines = (ms: number, late: () => void) => () => void;

/**
 * Deadlines that share a timer: of many waits of one length hardly any comes to its end, and a timer for each costs
 * more than what is waited for. They keep no process alive.
 */
export function deadlinesOf(timers: Timers): Deadlines {
  const known = sharing.get(timers) ?? shared(timers);
  sharing.set(timers, known);
  return known;
}

const sharing = new WeakMap<Timers, Deadlines>();

interface Wait {
  readonly until: number;
  readonly late: () => void;
}

function shared(timers: Timers): Deadlines {
  const lines = new Map<number, ReturnType<typeof line>>();
  return (ms, late) => {
    const known = lines.get(ms) ?? line(timers, ms);
    lines.set(ms, known);
    return known(late);
  };
}

/** Waits of one length: who began first is late first. */
function line(timers: Timers, ms: number): (late: () => void) => () => void {
  const waits = new Set<Wait>();
  let isAwake = false;
  const wake = (after: number) => {
    isAwake = true;
    timers.after(after, look).unref();
  };
  const look = () => {
    isAwake = false;
    const now = timers.now();
    for (const wait of waits) {
      if (wait.until > now) return wake(wait.until - now);
      waits.delete(wait);
      wait.late();
    }
  };
  return (late) => {
    const wait = { until: timers.now() + ms, late };
    waits.add(wait);
    if (!isAwake) wake(ms);
    return () => waits.delete(wait);
  };
}
