/**
 * What goes wrong at one channel of the sandbox. Rates are shares from 0 to 1; everything is 0 where nothing is said.
 */
export interface ChannelFaults {
  /** Recipients refused for good, each alone. */
  readonly fail: number;
  /** Requests turned away for now, like a 429: surely not accepted. */
  readonly busy: number;
  /** Requests that get lost on the way: not accepted, never answered. */
  readonly drop: number;
  /**
   * Requests accepted and written down, but answered {@link lateMs} later: past the time-out the sender no longer
   * listens.
   */
  readonly late: number;
  readonly lateMs: number;
  /**
   * How long every request takes on its way there, in milliseconds; one that arrives after the time-out is accepted all
   * the same.
   */
  readonly delayMs: number;
}

export const noFaults: ChannelFaults = { fail: 0, busy: 0, drop: 0, late: 0, lateMs: 60_000, delayMs: 0 };

/** What becomes of one request on its way. */
export type Fate = "through" | "busy" | "drop" | "late";

/** Throws the dice for one request. */
export function fateOf({ busy, drop, late }: ChannelFaults, dice: () => number): Fate {
  if (busy + drop + late === 0) return "through";
  const thrown = dice();
  if (thrown < busy) return "busy";
  if (thrown < busy + drop) return "drop";
  return thrown < busy + drop + late ? "late" : "through";
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
