import type { Flow } from "../../records.ts";

/** What a limiter keeps to. */
export interface Limits extends Omit<Flow, "key"> {
  readonly paused?: boolean;
}

/** Counts the calls of one lane against its limits. */
export interface Limiter {
  setLimits(limits: Limits): void;
  /**
   * Whether one more call may start: yes ("open"), after a running one ended or the limits changed ("full"), or when
   * the next period opens (ms). `defaultParallelism` holds where the limits name none, and `max` in any case.
   */
  check(now: number, defaultParallelism: number, max: number): "open" | "full" | number;
  enter(): void;
  leave(): void;
  isPaused(): boolean;
  /** Whether its counts still matter. */
  isBusy(now: number): boolean;
  /** Begins a new period, with all its calls. */
  reset(now: number): void;
  /** Calls under way, calls made in the period, and when that began (ms; undefined before the first). */
  counts(now: number): { readonly running: number; readonly used: number; readonly opened: number | undefined };
}

export function createLimiter(): Limiter {
  let limits: Limits = {};
  let running = 0;
  let used = 0;
  let opened = Number.NEGATIVE_INFINITY;
  const closes = () => opened + (limits.periodMs ?? 1_000);
  /** A period that is still to begin was opened before the clock was set back: it is over. */
  const isOpen = (now: number) => opened <= now && now < closes();
  return {
    setLimits: (changed) => {
      limits = changed;
    },
    check(now, defaultParallelism, max) {
      if (limits.paused) return "full";
      if (running >= Math.min(limits.parallelism ?? defaultParallelism, max)) return "full";
      if (limits.rate === undefined) return "open";
      if (!isOpen(now)) {
        opened = now;
        used = 0;
      }
      return used < limits.rate ? "open" : closes();
    },
    enter() {
      running += 1;
      used += 1;
    },
    leave: () => {
      running -= 1;
    },
    reset(now) {
      opened = now;
      used = 0;
    },
    counts: (now) => ({
      running,
      used: isOpen(now) ? used : 0,
      opened: Number.isFinite(opened) ? opened : undefined,
    }),
    isPaused: () => limits.paused === true,
    isBusy: (now) => running > 0 || (limits.rate !== undefined && isOpen(now)),
  };
}
