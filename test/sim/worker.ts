import "./kernel/globals.ts";
import { startRedis } from "../support/redis-server.ts";
import { removeTempDirs } from "../support/temp.ts";
import { real } from "./kernel/real.ts";
import { shrink } from "./shrink.ts";

/** What a worker is asked for. */
export interface Task {
  readonly seeds: readonly number[];
  readonly days: number;
  readonly places?: readonly number[] | undefined;
  /** How often at most a failure is tried again to make it smaller. */
  readonly shrinkTries: number;
}

// The SDKs tell the console of every call that a fault breaks.
console.warn = console.error = () => {};

/** Runs its seeds one after another, and prints a line of JSON for each. */
async function work({ seeds, days, places, shrinkTries }: Task): Promise<void> {
  const { historyOf } = await import("./history.ts"); // once the globals are replaced
  const server = await startRedis();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => void server.stop().finally(() => process.exit(1)));
  const redis = await server.raw();
  const run = async (seed: number, only: readonly number[] | undefined) => {
    const history = await historyOf({ seed, days, redis, places: only });
    removeTempDirs();
    return history;
  };
  for (const seed of seeds) {
    const [began, usedBefore] = [real.now(), process.cpuUsage()];
    const found = await run(seed, places);
    const seconds = (real.now() - began) / 1e9;
    const used = process.cpuUsage(usedBefore);
    const cpuSeconds = (used.user + used.system) / 1e6;
    const small =
      found.violations.length > 0 && shrinkTries > 0
        ? await shrink((only) => run(seed, only), found, shrinkTries)
        : undefined;
    process.stdout.write(`${JSON.stringify({ ...found, seconds, cpuSeconds, small })}\n`);
  }
  await server.stop();
}

await work(JSON.parse(Bun.argv[2] ?? "{}"));
process.exit();
