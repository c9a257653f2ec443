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
    const added = await runChild<{ single: number; bulk: number }>(line("add", jobs), dir.path);
    const worked = await runChild<{ processed: number }>(line("work", jobs), dir.path);
    return { ...added, ...worked };
  } finally {
    await redis.stop();
    dir.remove();
  }
}

/** Tries everything that there is, a few thousand jobs each, best first. */
export async function tryBullmq(jobs: number, dataBytes: number): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const [runtime, client] of hosts()) {
    for (const concurrency of [50, 100, 200]) {
      const setup = { runtime, client, concurrency };
      const { processed } = await measureBullmq(setup, "everysec", jobs, dataBytes);
      tried.push({ ...setup, processed: Math.round(processed) });
    }
  }
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
  forNode ??= bundle();
  return ["node", forNode];
}

/** Node reads no TypeScript of ours, so it gets the same program as JavaScript. */
function bundle(): string {
  const file = join(scratch().path, "bullmq.mjs");
  const absent = ["redis", "pg", "bullmq-otel"].flatMap((name) => ["--external", name]);
  const line = [process.execPath, "build", child, "--target=node", "--format=esm", "--outfile", file, ...absent];
  const built = Bun.spawnSync(line, { stdout: "ignore", stderr: "inherit" });
  if (built.exitCode !== 0) throw new Error("the child for node could not be built");
  return file;
}
