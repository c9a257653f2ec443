/**
 * Where time, chance and ids come from. Everything that decides by them takes them from here, so that a world made of
 * one seed gives one history.
 */
export interface World {
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  /** In [0, 1). Nothing that must not be guessed is made of it. */
  readonly random: () => number;
  /** A new UUIDv7: letters of hex and hyphens, never the same twice. */
  readonly id: () => string;
  readonly timers: Timers;
}

/** Waiting, in milliseconds. */
export interface Timers {
  /** A time that only moves forward, for durations and deadlines: of use only beside another of the same. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Once. */
  after(ms: number, run: () => void): Timer;
  /** Again and again. */
  every(ms: number, run: () => void): Timer;
  /** With all that this turn of the event loop brings. */
  soon(run: () => void): void;
}

export interface Timer {
  stop(): void;
  /** From now on it keeps no process alive. */
  unref(): void;
}

export const realWorld: World = {
  clock: Date.now,
  random: Math.random,
  id: () => Bun.randomUUIDv7(),
  timers: {
    now: () => performance.now(),
    sleep: (ms) => Bun.sleep(ms),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return { stop: () => clearTimeout(timer), unref: () => void timer.unref() };
    },
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      return { stop: () => clearInterval(timer), unref: () => void timer.unref() };
    },
    soon: (run) => void setImmediate(run),
  },
};

/**
 * Whether a wait of at most `longestMs` goes on until a time that the clock (`now`, ms) told when it began. One that
 * would end later than any begun now was begun before the clock was set back, and is over.
 */
export function stillWaits(until: number, now: number, longestMs: number): boolean {
  return until > now && until <= now + longestMs;
}
