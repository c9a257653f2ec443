import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { runChild, scratch, startChild } from "./broker-children.ts";

export type Fsync = "everysec" | "always";

/** How BullMQ is run: by what, over which Redis client, and how many jobs at once. */
export interface Setup {
  readonly runtime: "bun" | "node";
  readonly client: "ioredis" | "bun";
  readonly concurrency: number;
}

/** One round of BullMQ; per second. */
export interface Theirs {
  readonly single: number;
  readonly bulk: number;
  readonly processed: number;
}

export interface Tried extends Setup {
  readonly processed: number;
}

/** Processes `jobs` preloaded ones after half as many to warm up. */
export async function measureBullmq(setup: Setup, fsync: Fsync, jobs: number, dataBytes: number): Promise<Theirs> {
  const dir = scratch();
  const socket = join(dir.path, "redis.sock");
  const kept = ["--appendonly", "yes", "--appendfsync", fsync, "--save", ""];
  const redis = await startChild({
    line: ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir.path, ...kept],
    cwd: dir.path,
    ready: /ready to accept connections/i,
  });
  try {
    const line = (part: string, of: number) => {
      const numbers = [of, setup.concurrency, dataBytes].map(String);
      return [...program(setup.runtime), part, setup.client, socket, ...numbers];
    };
    const added = await runChild<{ single: number; bulk: number; jobs: number }>(line("add", 1.5 * jobs), dir.path);
    const worked = await runChild<{ processed: number }>(line("work", added.jobs), dir.path);
    return { ...added, ...worked };
  } finally {
    await redis.stop();
    dir.remove();
  }
}

/** Tries everything that there is, twice over, a few thousand jobs each; best first. */
export async function tryBullmq(jobs: number, dataBytes: number): Promise<Tried[]> {
  const setups = hosts().flatMap(([runtime, client]) =>
    [50, 100, 200].map((concurrency) => ({ runtime, client, concurrency })),
  );
  const best = new Map<Setup, number>();
  for (const setup of [...setups, ...setups]) {
    const { processed } = await measureBullmq(setup, "everysec", jobs, dataBytes);
    best.set(setup, Math.max(best.get(setup) ?? 0, Math.round(processed)));
  }
  const tried = [...best].map(([setup, processed]) => ({ ...setup, processed }));
  return tried.sort((a, b) => b.processed - a.processed);
}

function hosts() {
  const all = [
    ["bun", "ioredis"],
    ["bun", "bun"],
    ["node", "ioredis"],
  ] as const;
  return all.filter(([runtime]) => runtime === "bun" || Bun.which("node"));
}

const child = join(import.meta.dir, "broker-bullmq-child.ts");
let forNode: string | undefined;

function program(runtime: Setup["runtime"]): readonly string[] {
  if (runtime === "bun") return [process.execPath, child];
  forNode ??= translate();
  return ["node", forNode];
}

/** Node reads no TypeScript of ours, so it gets the same program as JavaScript, beside the same packages. */
function translate(): string {
  const dir = scratch().path;
  const file = join(dir, "child.mjs");
  symlinkSync(join(import.meta.dir, "../../node_modules"), join(dir, "node_modules"));
  const line = [process.execPath, "build", child, "--target=node", "--packages=external", "--outfile", file];
  const built = Bun.spawnSync(line, { stdout: "ignore", stderr: "inherit" });
  if (built.exitCode !== 0) throw new Error("the child for node could not be made");
  return file;
}
