import type { World } from "../world.ts";

/** How long a busy database is asked again before the caller hears of it, in milliseconds. */
const timeoutMs = 30_000;

/** What the pauses take from the world: their length is thrown, so that two who wait do not come back together. */
export type BusyWorld = Pick<World, "random" | "timers">;

/**
 * Runs `work` again while the database says that it did nothing, and may be asked again. The waiting happens here,
 * asynchronously, rather than inside SQLite, where it would block the event loop. A local connection that once answered
 * busy can stay wedged, hence `reconnect`.
 */
export async function withBusyRetry<T>(
  world: BusyWorld,
  work: () => Promise<T>,
  reconnect: () => Promise<void>,
): Promise<T> {
  const { timers } = world;
  const deadline = timers.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || timers.now() > deadline) throw error;
      await timers.sleep(world.random() * longestPause(error, attempt));
      await reconnect().catch((failure) => {
        if (!isBusy(failure)) throw failure;
      });
    }
  }
}

/** In milliseconds. Whoever was given the lock in our place is left time to come to an end. */
function longestPause(error: unknown, attempt: number): number {
  return wasUndone(error) ? Math.min(5_000, 100 * 2 ** attempt) : Math.min(100, 5 * 2 ** attempt);
}

/**
 * Whether an error says that nothing of it was done because others are at work: another process holds the lock, or a
 * remote server took ours away.
 */
export function isBusy(error: unknown): boolean {
  return wasUndone(error) || /^(SQLITE_(BUSY|LOCKED)|TRANSACTION_BUSY)/.test(codeOf(error));
}

/**
 * A remote server rolls back what holds the lock for more than 5 s while others wait, and what was silent for 10 s; it
 * says so when it is asked for more, be that the commit.
 */
function wasUndone(error: unknown): boolean {
  return /^(TRANSACTION_TIMEOUT|STREAM_EXPIRED)$/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
