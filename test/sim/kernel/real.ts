/** What waits in real time, whatever is put in its place. */
export const real = {
  /** A turn of the event loop. */
  turn: (
    (turn) => () =>
      new Promise<void>((resolve) => void turn(resolve))
  )(globalThis.setImmediate),
  pause: (
    (later) => (ms: number) =>
      new Promise<void>((resolve) => void later(resolve, ms))
  )(globalThis.setTimeout),
  now: Bun.nanoseconds,
};
