import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openRedis, type RedisHandle } from "../../src/redis/client.ts";
import { manageServer } from "../../src/redis/server.ts";
import { realWorld } from "../../src/world.ts";
import { hasRedis } from "../support/redis-server.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const withRedis = test.skipIf(!hasRedis);
const opened: RedisHandle[] = [];
afterAll(async () => {
  for (const redis of opened) await redis.close();
});

async function open(dataDir: string): Promise<RedisHandle> {
  const redis = await openRedis({ kind: "managed", dataDir }, realWorld);
  opened.push(redis);
  return redis;
}

async function infoOf(redis: RedisHandle): Promise<string> {
  return String(await redis.client!.exec(["INFO", "server"]));
}

async function pidOf(redis: RedisHandle): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await infoOf(redis))?.[1]);
}

function runs(pid: number): boolean {
  // A zombie left to the machine's init has no command line.
  return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
}

/** How many servers run in the directory of a data directory. */
function runningAt(dataDir: string): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === join(dataDir, "redis");
    } catch {
      return false; // just gone
    }
  }).length;
}

const owner = join(import.meta.dir, "../support/managed-redis-owner.ts");

/** Another process that opens the directory's Redis; killed with nothing tidied up. */
async function crashAfterOpening(dataDir: string): Promise<void> {
  const child = Bun.spawn([process.execPath, owner, dataDir], { stdout: "pipe", stderr: "inherit" });
  for await (const line of child.stdout) {
    expect(new TextDecoder().decode(line)).toContain('"healthy":true');
    break;
  }
  child.kill("SIGKILL");
  await child.exited;
}

withRedis("a child starts on a private socket, keeps nothing on disk, and is gone after closing", async () => {
  const dataDir = tempDir();
  const redis = await open(dataDir);
  expect(redis.describe).toBe("Redis: a redis-server child of Fanfare");
  expect(statSync(join(dataDir, "redis")).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, "redis/redis.sock")).mode & 0o777).toBe(0o700);
  expect(await redis.client!.exec(["CONFIG", "GET", "save"])).toEqual(["save", ""]);
  const pid = await pidOf(redis);
  await redis.close();
  expect(runs(pid)).toBe(false);
  expect(existsSync(join(dataDir, "redis/redis.sock"))).toBe(false);
  expect(existsSync(join(dataDir, "redis/dump.rdb"))).toBe(false);
});

withRedis("a child left by a crash is adopted, with what it held", async () => {
  const dataDir = tempDir();
  await crashAfterOpening(dataDir);
  const orphan = Number(readFileSync(join(dataDir, "redis/redis.pid"), "utf8"));
  expect(runs(orphan)).toBe(true);
  const redis = await open(dataDir);
  expect(await pidOf(redis)).toBe(orphan);
  expect(await redis.client!.exists("written-by")).toBe(1);
  await redis.close();
  expect(runs(orphan)).toBe(false);
});

withRedis("a child that answers another mark is replaced", async () => {
  const dataDir = tempDir();
  await crashAfterOpening(dataDir);
  const orphan = Number(readFileSync(join(dataDir, "redis/redis.pid"), "utf8"));
  writeFileSync(join(dataDir, "redis/nonce"), "another");
  const redis = await open(dataDir);
  expect(await pidOf(redis)).not.toBe(orphan);
  expect(runs(orphan)).toBe(false);
  expect(await redis.client!.exists("written-by")).toBe(0);
  await redis.close();
});

withRedis("a frozen child left by a crash is replaced", async () => {
  const dataDir = tempDir();
  await crashAfterOpening(dataDir);
  const orphan = Number(readFileSync(join(dataDir, "redis/redis.pid"), "utf8"));
  process.kill(orphan, "SIGSTOP");
  const redis = await open(dataDir);
  expect(await redis.healthy()).toBe(true);
  expect(runs(orphan)).toBe(false);
  await redis.close();
});

withRedis(
  "a stale socket and a recorded pid that is someone else's now are no hindrance, and no one is killed",
  async () => {
    const dataDir = tempDir();
    const bystander = Bun.spawn(["sleep", "30"]);
    await mkdir(join(dataDir, "redis"));
    writeFileSync(join(dataDir, "redis/redis.pid"), `${bystander.pid}\n`);
    writeFileSync(join(dataDir, "redis/redis.sock"), "");
    const redis = await open(dataDir);
    expect(await redis.healthy()).toBe(true);
    expect(runs(bystander.pid)).toBe(true);
    await redis.close();
    bystander.kill();
    await bystander.exited;
  },
);

withRedis("a copied data directory gets a Redis of its own and leaves the first alone", async () => {
  const [first, second] = [tempDir(), join(tempDir(), "copy")];
  const original = await open(first);
  await cp(first, second, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  const copy = await open(second);
  expect(await pidOf(copy)).not.toBe(await pidOf(original));
  await copy.close();
  expect(await original.healthy()).toBe(true);
  await original.close();
});

withRedis("a moved data directory whose child still runs has it replaced", async () => {
  const first = join(tempDir(), "before");
  await mkdir(first);
  await crashAfterOpening(first);
  const orphan = Number(readFileSync(join(first, "redis/redis.pid"), "utf8"));
  const second = join(dirname(first), "after");
  await rename(first, second);
  const redis = await open(second);
  expect(await pidOf(redis)).not.toBe(orphan);
  await until(() => !runs(orphan));
  await redis.close();
});

withRedis("processes that start at once share one child, and the last to leave ends it", async () => {
  for (const dataDir of [tempDir(), join(tempDir(), "deep/".repeat(20))]) {
    const all = await Promise.all([open(dataDir), open(dataDir), open(dataDir)]);
    const pids = new Set(await Promise.all(all.map(pidOf)));
    const [pid = 0] = pids;
    expect([pids.size, runningAt(dataDir)]).toEqual([1, 1]);
    const [first, ...others] = all;
    await first?.close(); // whoever started it may be the first to leave
    expect(await Promise.all(others.map((redis) => redis.healthy()))).toEqual([true, true]);
    expect(await pidOf(others[0]!)).toBe(pid);
    await Promise.all(others.map((redis) => redis.close()));
    expect([runs(pid), runningAt(dataDir)]).toEqual([false, 0]);
  }
});

withRedis(
  "a process that was killed is missed by nobody: whoever is left goes on with its child, and ends it",
  async () => {
    const dataDir = tempDir();
    const child = Bun.spawn([process.execPath, owner, dataDir], { stdout: "pipe", stderr: "inherit" });
    for await (const _ of child.stdout) break;
    const redis = await open(dataDir);
    const pid = await pidOf(redis);
    child.kill("SIGKILL");
    await child.exited;
    expect([await redis.healthy(), await pidOf(redis)]).toEqual([true, pid]);
    await redis.close();
    expect(runs(pid)).toBe(false);
  },
);

withRedis("I17 a child that dies is started again while Fanfare runs", async () => {
  const redis = await open(tempDir());
  const before = await pidOf(redis);
  process.kill(before, "SIGKILL");
  await until(async () => (await redis.healthy()) && (await pidOf(redis)) !== before);
  await redis.close();
});

withRedis("closing while a dead child is being replaced leaves none behind", async () => {
  const dataDir = tempDir();
  const redis = await open(dataDir);
  process.kill(await pidOf(redis), "SIGKILL");
  await until(async () => !(await redis.healthy()));
  await redis.close();
  expect(existsSync(join(dataDir, "redis/redis.pid"))).toBe(false);
  expect(existsSync(join(dataDir, "redis/redis.sock"))).toBe(false);
});

withRedis.each([
  ["too deep for a unix socket", "deep/".repeat(20)],
  ["named in a way that URLs do not take", "with space"],
])("a data directory %s has its socket in a private place elsewhere, adopted all the same", async (_, below) => {
  const dataDir = join(tempDir(), below);
  await mkdir(dataDir, { recursive: true });
  await crashAfterOpening(dataDir);
  const { socket } = await Bun.file(join(dataDir, "redis/socket.json")).json();
  expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(100);
  expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
  const redis = await open(dataDir);
  expect(await redis.client!.exists("written-by")).toBe(1);
  await redis.close();
  expect(existsSync(dirname(socket))).toBe(false);
});

test("I17 a machine without redis-server runs without Redis, and says so", async () => {
  const dataDir = tempDir();
  const child = Bun.spawn([process.execPath, owner, dataDir, "stop"], { env: { PATH: "/nowhere" }, stdout: "pipe" });
  expect(await new Response(child.stdout).json()).toEqual({
    describe: "Redis: none, because there is no redis-server on the PATH; Fanfare runs without it, slower",
    healthy: false,
  });
  expect(await child.exited).toBe(0);
});

test("I17 a redis-server that cannot start is named in the log, and Fanfare runs without", async () => {
  const dataDir = tempDir();
  const path = tempDir();
  await Bun.write(join(path, "redis-server"), "#!/bin/sh\nexit 1\n");
  await Bun.$`chmod +x ${join(path, "redis-server")}`;
  const child = Bun.spawn([process.execPath, owner, dataDir, "stop"], {
    env: { PATH: `${path}:/bin` },
    stderr: "pipe",
  });
  expect(await new Response(child.stdout).text()).toContain("does not answer");
  await child.exited;
  await rm(path, { recursive: true });
});

/** A world in which a second takes ten milliseconds. */
const hurried = {
  ...realWorld,
  timers: {
    ...realWorld.timers,
    now: () => realWorld.timers.now() * 100,
    after: (ms: number, run: () => void) => realWorld.timers.after(ms / 100, run),
  },
};

test("a redis-server that never answers is killed, with what it started, before the next one starts", async () => {
  const dir = tempDir();
  const program = join(dir, "redis-server");
  writeFileSync(program, `#!/bin/sh\nsleep 60 &\necho $! $$ >> ${dir}/pids\nwait\n`, { mode: 0o755 });
  const server = await manageServer(join(dir, "data"), program, hurried);
  const running = () => readFileSync(join(dir, "pids"), "utf8").trim().split(/\s/).map(Number).filter(runs);
  for (let tries = 0; tries < 3; tries++) await expect(server.ensure()).rejects.toThrow("did not answer");
  let stopped = false;
  const starting = (async () => {
    while (!stopped) await server.ensure().catch(() => {}); // one may be given up before it is seen
  })();
  await until(() => running().length === 2);
  stopped = true;
  await server.stop();
  await starting;
  await until(() => running().length === 0);
});

withRedis(
  "a data directory that takes no more files has its Redis all the same, and it ends with the stop",
  async () => {
    const dataDir = tempDir();
    await mkdir(join(dataDir, "redis/redis.log"), { recursive: true }); // nothing can be written under these names
    await mkdir(join(dataDir, "redis/redis.pid"));
    const redis = await open(dataDir);
    const pid = await pidOf(redis);
    await redis.close();
    expect(runs(pid)).toBe(false);
  },
);

withRedis("I17 a Redis that was killed comes back, even where nobody can be told of it", async () => {
  const untold = () => {
    throw new Error("no space left on device");
  };
  const redis = await openRedis({ kind: "managed", dataDir: tempDir() }, realWorld, untold);
  opened.push(redis);
  const before = await pidOf(redis);
  process.kill(before, "SIGKILL");
  await until(async () => (await redis.healthy()) && (await pidOf(redis)) !== before);
});
