import { nextTick } from "./schedule/cron.ts";
import type { Committer } from "./store/commit.ts";
import type { Store } from "./store/store.ts";

/** A clock that goes back by less is waited for: what was noticed as due stays due. */
const stepMs = 1_000;

/** The broker's time: the wall clock as it is now. */
export interface Clock {
  now(): number;
  /**
   * Hears, in a later turn of the event loop, that the clock was set back, and by how many milliseconds: only then can
   * anything wait for a time that is longer away than was said.
   */
  onStepBack(heed: (ms: number) => void): void;
}

export function createClock(clock: () => number): Clock {
  let heed: (ms: number) => void = () => {};
  let latest = Math.floor(clock());
  let readAt = performance.now();
  return {
    now() {
      const at = Math.floor(clock());
      const back = latest + (performance.now() - readAt) - at;
      const isStep = at !== latest && back >= stepMs;
      if (isStep) setImmediate(() => heed(Math.round(back)));
      if (isStep || at > latest) {
        latest = at;
        readAt = performance.now();
      }
      return latest;
    },
    onStepBack(heeds) {
      heed = heeds;
    },
  };
}

interface WaitsParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
}

/** Messages looked at in one transaction. */
const messagesAtOnce = 1_000;

/** By how many milliseconds the clock has been set back since the broker last wrote; 0 if it has not. */
export function setBackBy({ store, now }: Omit<WaitsParts, "committer">): number {
  const back = (store.lastLogged.get()?.time ?? 0) - now();
  return back >= stepMs ? back : 0;
}

/**
 * After the clock was set back: delays and retries wait no longer than they were told to, counted from now, and
 * schedules fire at their next time by the clock as it is. What was put off to a moment waits for that moment.
 */
export async function shortenWaits({ store, committer, now }: WaitsParts): Promise<void> {
  await committer.commit(() => {
    for (const { id, cron, next, paused } of store.schedules.all()) {
      const sooner = nextTick(cron, now());
      if (paused === 0 && next !== null && sooner !== undefined && sooner < next) store.advance.run(sooner, id);
    }
  });
  const look = (after: number): Promise<number | undefined> =>
    committer.commit(() => store.shortenAfter(after, now(), messagesAtOnce));
  for (let seen = await look(now()); seen !== undefined; ) seen = await look(seen);
}
