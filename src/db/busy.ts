import type { World } from "../world.ts";

/** How long a busy database is asked again before the caller hears of it, in milliseconds. */
const timeoutMs = 30_000;

/** What the pauses take from the world: their length is thrown, so that two who wait do not come back together. */
export type BusyWorld = Pick<World, "random" | "timers">;

/**
 * Runs `work` again while the database says it is busy. The waiting happens here, asynchronously, rather than inside
 * SQLite, where it would block the event loop. A connection that once answered busy can stay wedged, hence `reconnect`.
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
      await timers.sleep(world.random() * Math.min(100, 5 * 2 ** attempt));
      await reconnect().catch((failure) => {
        if (!isBusy(failure)) throw failure;
      });
    }
  }
}

/** Whether an error says that another process holds the database for now. */
export function isBusy(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return /^SQLITE_(BUSY|LOCKED)/.test(String(error.code));
}
