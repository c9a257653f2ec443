/**
 * Resolves with the first truthy answer of `condition`, asking every few milliseconds; fails after `timeoutMs`. Asking
 * takes a fifth of the time at most, so that it does not hold up what it waits for.
 */
export async function until<T>(condition: () => T | Promise<T>, timeoutMs = 50_000, what = "condition"): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const asked = performance.now();
    const answer = await condition();
    if (answer) return answer;
    const now = performance.now();
    if (now > deadline) throw new Error(`${what} was not met within ${timeoutMs} ms`);
    await Bun.sleep(Math.min(50, Math.max(5, 4 * (now - asked)))); // two hundred times a second, or less often
  }
}

/** Whether `promise` settles within ten turns of the event loop: nothing outside this process is waited for. */
export async function isAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turns = 0; turns < 10 && !settled; turns++) await new Promise<void>((resolve) => setImmediate(resolve));
  return settled;
}
