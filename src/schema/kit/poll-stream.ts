import type { Timers } from "../../world.ts";

/** Something to be looked at again and again. */
export interface Watched<T> {
  readonly read: () => Promise<T>;
  /** Two readings with the same key are the same to whoever watches. */
  readonly key: (value: T) => string;
  /** Whether nothing will come after this reading. */
  readonly isLast: (value: T) => boolean;
  /** Milliseconds between two readings while it changes; while it does not, they grow to four times that. */
  readonly everyMs?: number;
}

type Waiting = { readonly timers: Timers };

/** The readings that differ from the one before, up to the last; the pause in between ends when the client leaves. */
export function watchChanges<T>({ timers }: Waiting, watched: Watched<T>): AsyncIterableIterator<T> {
  const left = Promise.withResolvers<void>();
  const stream = changes(timers, watched, left.promise);
  const iterator: AsyncIterableIterator<T> = {
    next: () => stream.next(),
    return: () => {
      left.resolve();
      return stream.return(undefined);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

async function* changes<T>(
  timers: Timers,
  { read, key, isLast, everyMs = 500 }: Watched<T>,
  left: Promise<void>,
): AsyncGenerator<T, undefined> {
  let last: string | undefined;
  let pauseMs = everyMs;
  for (;;) {
    const value = await read();
    const now = key(value);
    if (now !== last) yield value;
    if (isLast(value)) return;
    pauseMs = now === last ? Math.min(2 * pauseMs, 4 * everyMs) : everyMs;
    last = now;
    await pause(timers, pauseMs, left);
  }
}

/** Resolves after so many milliseconds, or at once when `left` is. */
function pause(timers: Timers, ms: number, left: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = timers.after(ms, resolve);
  void left.then(() => {
    timer.stop();
    resolve();
  });
  return promise;
}
