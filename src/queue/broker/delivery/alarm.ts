/**
 * Clocks are checked at least this often while something waits: they jump, and a sleeping machine's timers do not run.
 */
const longestSleepMs = 1_000;

/**
 * One timer for whatever is next. It never rings before the broker's clock has come to the time, and is silent when
 * nothing waits.
 */
export interface Alarm {
  /** Rings at `time` (ms) or earlier, whichever of all requests since the last ring is first. */
  at(time: number): void;
  stop(): void;
}

export function createAlarm(now: () => number, ring: () => void, maxSleepMs = longestSleepMs): Alarm {
  let next = Number.POSITIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function sleep(): void {
    clearTimeout(timer);
    timer = setTimeout(wake, Math.min(maxSleepMs, Math.max(0, next - now())));
  }
  function wake(): void {
    const early = now() < next;
    if (early) sleep();
    else {
      next = Number.POSITIVE_INFINITY;
      ring();
    }
  }
  return {
    at(time) {
      if (time >= next) return;
      next = time;
      sleep();
    },
    stop() {
      next = Number.NEGATIVE_INFINITY;
      clearTimeout(timer);
    },
  };
}
