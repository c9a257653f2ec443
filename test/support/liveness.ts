/**
 * Asks a server for its health every 20 ms from a process of its own, which nothing here holds up, until it is stopped:
 * then it tells the longest that an answer took, in milliseconds.
 */
export async function askHealth(url: string): Promise<{ stop(): Promise<number> }> {
  const child = Bun.spawn([process.execPath, import.meta.path, `${url}/livez`], { stdin: "pipe", stdout: "pipe" });
  const told = child.stdout.getReader();
  const line = async () => new TextDecoder().decode((await told.read()).value);
  await line(); // it has begun
  return {
    async stop() {
      child.stdin.end();
      const longest = Number(await line());
      await child.exited;
      return longest;
    },
  };
}

/** Watches this process's own turns: the most that it computed in one of them, in milliseconds of processor time. */
export function watchTurns(): { stop(): number } {
  let before = process.cpuUsage();
  let longest = 0;
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    longest = Math.max(longest, (user + system) / 1000);
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      return longest;
    },
  };
}

if (import.meta.main) {
  const url = process.argv[2] ?? "";
  let longest = 0;
  const ask = async () => {
    const began = performance.now();
    await fetch(url).then((answer) => answer.text());
    longest = Math.max(longest, performance.now() - began);
  };
  for (let i = 0; i < 10; i++) await ask();
  longest = 0;
  const asked: Promise<void>[] = [];
  const timer = setInterval(() => asked.push(ask()), 20);
  console.log("begun");
  for await (const _ of process.stdin);
  clearInterval(timer);
  await Promise.all(asked);
  console.log(longest.toFixed(1));
}
