/** Resolves with the first truthy answer of `condition`, asking every few milliseconds; fails after `timeoutMs`. */
export async function until<T>(condition: () => T | Promise<T>, timeoutMs = 25_000, what = "condition"): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`${what} was not met within ${timeoutMs} ms`);
    await Bun.sleep(5); // asks two hundred times a second
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
