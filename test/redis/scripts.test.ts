import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Redis } from "@upstash/redis";
import { Glob } from "bun";
import { announceMoves, moveInLists, readList, storeList } from "../../src/coupon/cache/wallet-cache.ts";
import { noteWatching, watchingWithin } from "../../src/coupon/cache/watching.ts";
import { admit, attempts, reconcileGate, settle } from "../../src/coupon/gate/gate.ts";
import { settleUnits, takeUnits } from "../../src/coupon/gate/units.ts";
import { createMemory } from "../../src/memory.ts";
import { openRedis } from "../../src/redis/client.ts";
import { rateLimit } from "../../src/redis/rate-limit.ts";
import { sharedLimit } from "../../src/redis/shared-limit.ts";
import { realWorld } from "../../src/world.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { until } from "../support/wait.ts";

const src = join(import.meta.dir, "../../src");

/** Everything that a Redis is told, as it says itself: a command a line. */
async function watch(url: string) {
  let said = "";
  const socket = await Bun.connect({
    unix: url.replace("redis+unix://", ""),
    socket: {
      data: (_, bytes) => {
        said += bytes.toString();
      },
    },
  });
  socket.write("MONITOR\r\n");
  await until(() => said.startsWith("+OK"));
  return { lines: () => said.split("\r\n").slice(1, -1), close: () => socket.end() };
}

const words = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) => word.replaceAll('\\"', '"'));

const slotOf = (key: string) => /\{(.+?)\}/.exec(key)?.[1] ?? key;

/** Has every script run, in each of its branches that touches a key. */
async function runAll(redis: Redis): Promise<void> {
  const claim = { template: 7, member: 3, token: "t" };
  await reconcileGate(redis, 7, 5);
  for (let i = 0; i <= attempts.limit; i++) await admit(redis, { ...claim, token: `t${i}` }, 1);
  const range = { template: 7, source: "run/1", from: 0, to: 9 };
  await takeUnits(redis, { ...range, units: 9 }, 1);
  await reconcileGate(redis, 7, 5);
  const taken = await takeUnits(redis, { ...range, units: 3 }, 1);
  for (let i = 0; i < 2; i++)
    await settleUnits(redis, 7, { token: typeof taken === "object" ? taken.token : "", issued: 2, remaining: 2 });
  await settle(redis, 7, { issued: ["t1"], refused: ["t2"] });
  const ctx = { ...realWorld, redis, memory: createMemory(), settings: { isDatabaseFar: true } };
  for (let i = 0; i < 2; i++) await rateLimit(ctx, { key: "k", limit: 1, periodSeconds: 60, now: 1_000 });
  const limits = ["app", "member"].map((name) => sharedLimit(ctx, { name, limit: 1, periodSeconds: 60 }));
  await Promise.all(limits.map((limit) => limit("k")));
  await noteWatching(ctx, 3);
  expect(await watchingWithin(ctx, { from: 0, to: 99 })).toEqual([3]);
  const list = { member: 3, status: "AVAILABLE" } as const;
  const moves = { member: 3, from: "AVAILABLE", to: "USED" } as const;
  const read = await readList(ctx, list);
  if (read === "unavailable" || read.kind !== "unloaded") throw new Error("nothing was kept yet");
  expect(await storeList(ctx, { ...list, version: read.version, coupons: [] })).toBe("stored");
  const name = await announceMoves(ctx, moves);
  await moveInLists(ctx, { ...moves, name: name ?? "", coupons: [] });
  await moveInLists(ctx, { ...moves, name: "late", coupons: [] });
}

test.skipIf(!hasRedis)("every script touches the keys that it declares, all of one slot, and no other", async () => {
  const server = await startRedis();
  const { client, close } = await openRedis({ kind: "url", url: server.url }, realWorld);
  const monitor = await watch(server.url);
  await runAll(client!);
  await client!.ping(["that was all"]);
  await until(() => monitor.lines().some((line) => line.includes("that was all")));
  const raw = await server.raw();
  const ran = new Set<string>();
  const faults: string[] = [];
  let declared: string[] = [];
  for (const line of monitor.lines()) {
    const [command = "", script = "", count, ...rest] = words(line);
    if (/^eval(sha)?$/i.test(command)) {
      declared = rest.slice(0, Number(count));
      ran.add(script);
      if (new Set(declared.map(slotOf)).size > 1) faults.push(`keys of several slots: ${line}`);
    } else if (line.includes(" lua] ")) {
      const touched: string[] = await raw.send("COMMAND", ["GETKEYS", ...words(line)]);
      faults.push(...touched.filter((key) => !declared.includes(key)).map((key) => `not declared: ${key} in ${line}`));
    }
  }
  for (const path of new Glob("**/*.lua").scanSync(src)) {
    const digest = Bun.CryptoHasher.hash("sha1", await Bun.file(join(src, path)).text(), "hex");
    if (!ran.has(digest)) faults.push(`not run: ${path}`);
  }
  expect(faults).toEqual([]);
  monitor.close();
  await close();
  await server.stop();
});
