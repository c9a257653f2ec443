import type { Timers } from "../world.ts";

/** What senders say of a request nobody answered. */
export const timedOut = "the provider did not answer in time";

/** The promise's answer, or `otherwise` when there is none after `ms` milliseconds. */
export async function answerInTime<T>(timers: Timers, promise: Promise<T>, ms: number, otherwise: T): Promise<T> {
  const { promise: expired, resolve } = Promise.withResolvers<T>();
  const timer = timers.after(ms, () => resolve(otherwise));
  try {
    return await Promise.race([promise, expired]);
  } finally {
    timer.stop();
  }
}
