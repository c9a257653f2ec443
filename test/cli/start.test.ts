import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { startApp } from "../../src/app.ts";
import { readEnv } from "../../src/env.ts";
import { CalledOff } from "../../src/starting.ts";
import { writeMigrated } from "../support/database.ts";
import { freePort } from "../support/port.ts";
import { hasRedis } from "../support/redis-server.ts";
import { shopEnv } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const main = join(import.meta.dir, "../../src/main.ts");
const managed = { REDIS_URL: "" };

/** Under npm a terminal's Ctrl-C comes twice, and so does a signal to the whole group. */
const signals = [{ sent: ["SIGTERM"] }, { sent: ["SIGINT", "SIGTERM"] }] as const;

test.skipIf(!hasRedis).each(signals)(
  "$sent while Fanfare starts ends it cleanly, its Redis with it",
  async ({ sent }) => {
    const [dataDir, path] = [tempDir(), tempDir()];
    await writeMigrated(join(dataDir, "fanfare.db"));
    const slow = `#!/bin/sh\ntouch ${path}/started\nsleep 0.2\nexec ${Bun.which("redis-server")} "$@"\n`;
    writeFileSync(join(path, "redis-server"), slow, { mode: 0o755 });
    const child = Bun.spawn([process.execPath, main], {
      env: { DATA_DIR: dataDir, PORT: "0", PATH: `${path}:${process.env.PATH}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    await until(() => existsSync(join(path, "started")));
    for (const signal of sent) child.kill(signal);
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stderr).text()).toBe("");
    expect(await new Response(child.stdout).text()).not.toContain("listens");
    expect(existsSync(join(dataDir, "redis/redis.pid"))).toBe(false);
  },
);

test("a start that is called off, however far it has come, leaves neither port nor lock nor child behind", async () => {
  const dataDir = tempDir();
  await writeMigrated(join(dataDir, "fanfare.db"));
  const env = shopEnv(dataDir, { ...managed, PORT: String(freePort()) });
  for (const turns of [0, 5, 20, 60]) {
    const off = new AbortController();
    const starting = startApp(env, { calledOff: off.signal });
    for (let turn = 0; turn < turns; turn++) await new Promise<void>((next) => setImmediate(next));
    off.abort();
    await expect(starting).rejects.toBeInstanceOf(CalledOff);
  }
  await (await startApp(env)).stop();
  expect(existsSync(join(dataDir, "redis/redis.pid"))).toBe(false);
});

test.skipIf(!hasRedis)("a start that fails takes back what it had started", async () => {
  const dataDir = tempDir();
  await writeMigrated(join(dataDir, "fanfare.db"));
  const other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  await expect(startApp(shopEnv(dataDir, { ...managed, PORT: String(other.port) }))).rejects.toThrow("is in use");
  await other.stop(true);
  expect(existsSync(join(dataDir, "redis/redis.pid"))).toBe(false);
});

/** What others than its owner may do with anything in a directory, itself included. */
function openToOthers(dir: string): string[] {
  const all = ["", ...readdirSync(dir, { recursive: true }).map(String)];
  return all.filter((name) => (statSync(join(dir, name)).mode & 0o077) !== 0);
}

test("the data directory is its owner's alone, whatever it and what was in it were", async () => {
  const dataDir = tempDir();
  await writeMigrated(join(dataDir, "fanfare.db"));
  mkdirSync(join(dataDir, "imports"));
  for (const name of ["queue.db", "sandbox.db", "imports/upload"]) writeFileSync(join(dataDir, name), "");
  await Bun.$`chmod -R a+rwX ${dataDir}`;
  expect(openToOthers(dataDir)).toHaveLength(6);
  const app = await startApp(shopEnv(dataDir, managed));
  await app.ctx.db.write([sql`UPDATE consumer SET moved_at = 1`]);
  for (const wal of ["fanfare.db-wal", "queue.db-wal", "sandbox.db-wal"]) expect(readdirSync(dataDir)).toContain(wal);
  expect(openToOthers(dataDir)).toEqual([]);
  await app.stop();
});

const readOnly = ["unshare", "--map-root-user", "--mount", "sh", "-c"];
const mount = 'mount -t tmpfs tmpfs "$1" && cp -r "$2" "$1/kept" && mount -o remount,ro "$1"';
const canMount = Bun.spawnSync([...readOnly, mount, "sh", tempDir(), tempDir()], { stderr: "ignore" }).success;

test.skipIf(!canMount).each([
  ["new", "that is to be made"],
  ["kept", "with all that an earlier start has made"],
])("on a read-only disk, a data directory %s – %s – ends the start with a line", async (name) => {
  const [dir, before] = [tempDir(), tempDir()];
  await writeMigrated(join(before, "fanfare.db"));
  readEnv({ DATA_DIR: before });
  const child = Bun.spawn(
    [...readOnly, `${mount} && DATA_DIR="$1/${name}" exec "$3" "$4"`, "sh", dir, before, process.execPath, main],
    {
      env: { PATH: process.env.PATH, PORT: "0" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const said = await new Response(child.stderr).text();
  expect(said).toMatch(
    new RegExp(`^${dir}/${name} cannot be written \\((EROFS|SQLITE_\\w+)\\); is the disk full or read-only.*\\n$`),
  );
  expect(await child.exited).toBe(1);
});
