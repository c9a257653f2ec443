/** Resolves with the first truthy answer of `condition`, asking every few milliseconds; fails after `timeoutMs`. */
export async function until<T>(condition: () => T | Promise<T>, timeoutMs = 10_000, what = "condition"): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`${what} was not met within ${timeoutMs} ms`);
    await Bun.sleep(5);
  }
}
