/** How long a busy database is asked again before the caller hears of it, in milliseconds. */
const timeoutMs = 30_000;

/**
 * Runs `work` again while the database says it is busy. The waiting happens here, asynchronously, rather than inside
 * SQLite, where it would block the event loop. A connection that once answered busy can stay wedged, hence `reconnect`.
 */
export async function withBusyRetry<T>(work: () => Promise<T>, reconnect: () => Promise<void>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await Bun.sleep(Math.random() * Math.min(100, 5 * 2 ** attempt));
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
