import { afterAll, expect, test } from "bun:test";
import { openRedis, type RedisHandle } from "../../src/redis/client.ts";
import { defineScript } from "../../src/redis/script.ts";
import { realWorld } from "../../src/world.ts";
import { hasRedis, startRedis, type TestRedis } from "../support/redis-server.ts";
import { startUpstashRest } from "../support/upstash-rest.ts";
import { isAtOnce, until } from "../support/wait.ts";

const add = defineScript('return redis.call("INCRBY", KEYS[1], ARGV[1])', Number);
const withRedis = test.skipIf(!hasRedis);
const toClose: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of toClose.reverse()) await close();
});

async function openOver(server: TestRedis): Promise<{ redis: RedisHandle; heard: string[] }> {
  const heard: string[] = [];
  const redis = await openRedis({ kind: "url", url: server.url }, realWorld, (line) => heard.push(line));
  toClose.push(redis.close);
  return { redis, heard };
}

async function aRedis(): Promise<TestRedis> {
  const server = await startRedis();
  toClose.push(server.stop);
  return server;
}

test("I17 without a Redis every script is unavailable at once, and one line says so", async () => {
  const redis = await openRedis({ kind: "none" }, realWorld);
  expect(redis.client).toBeUndefined();
  expect(redis.describe).toBe("Redis: none, because none is configured; Fanfare runs without it, slower");
  expect(await add.run(redis.client, ["n"], [1])).toBe("unavailable");
  expect(await redis.healthy()).toBe(false);
});

withRedis("I17 a Redis that is down at the start is used once it is up", async () => {
  const server = await aRedis();
  await server.kill();
  const { redis, heard } = await openOver(server);
  expect(redis.describe).toContain("does not answer: Fanfare runs slower until it does");
  expect(await add.run(redis.client, ["n"], [1])).toBe("unavailable");
  await server.start();
  await until(redis.healthy);
  expect(await add.run(redis.client, ["n"], [1])).toBe(1);
  expect(heard.filter((line) => line.includes("is away, Fanfare runs slower"))).toHaveLength(1);
  expect(heard.filter((line) => line.includes("is back"))).toHaveLength(1);
});

withRedis("I17 a Redis that dies and returns empty is used again, its scripts sent anew", async () => {
  const server = await aRedis();
  const { redis } = await openOver(server);
  expect(await add.run(redis.client, ["n"], [5])).toBe(5);
  await server.kill();
  await until(async () => (await add.run(redis.client, ["n"], [1])) === "unavailable");
  await server.start();
  const answer = await until(async () => {
    const sum = await add.run(redis.client, ["n"], [1]);
    return sum !== "unavailable" && sum;
  });
  expect(answer).toBe(1);
});

withRedis("I17 a frozen Redis costs a second once, then nothing until it thaws", async () => {
  const server = await aRedis();
  const { redis, heard } = await openOver(server);
  server.freeze();
  const answers = await Promise.all(Array.from({ length: 100 }, () => add.run(redis.client, ["n"], [1])));
  expect(new Set(answers)).toEqual(new Set(["unavailable"]));
  expect(heard.filter((line) => line.includes("no answer within 1000 ms"))).toHaveLength(1);
  const later = add.run(redis.client, ["n"], [1]);
  expect(await isAtOnce(later)).toBe(true);
  expect(await later).toBe("unavailable");
  server.thaw();
  await until(redis.healthy);
});

withRedis("I17 a burst beyond what may wait is refused instead of piling up", async () => {
  const server = await aRedis();
  const { redis } = await openOver(server);
  server.freeze();
  const burst = Array.from({ length: 20_001 }, () => redis.client!.incr("n").catch(String));
  expect(await burst.at(-1)).toContain("commands wait already");
  server.thaw();
  await Promise.all(burst);
});

withRedis("I17 a transaction for which there is no room is not begun: nothing later ends up in it", async () => {
  const server = await aRedis();
  const { redis } = await openOver(server);
  server.freeze();
  const waiting = Array.from({ length: 19_998 }, () => redis.client!.incr("n"));
  await expect(redis.client!.multi().incr("n").exec()).rejects.toThrow("commands wait already");
  const next = redis.client!.incr("n");
  server.thaw();
  await Promise.all(waiting);
  expect(await next).toBe(19_999);
});

withRedis("a busy event loop of ours is not mistaken for a dead Redis", async () => {
  const server = await aRedis();
  const { redis } = await openOver(server);
  const answer = add.run(redis.client, ["n"], [1]);
  Bun.sleepSync(1_200); // longer than a Redis may be silent
  expect(await answer).toBe(1);
});

withRedis("I17 a silent Upstash costs a second, then is spared until it answers again", async () => {
  const server = await aRedis();
  const rest = startUpstashRest(await server.raw());
  toClose.push(rest.stop);
  const heard: string[] = [];
  const redis = await openRedis({ kind: "rest", url: rest.url, token: rest.token }, realWorld, (line) =>
    heard.push(line),
  );
  rest.hang(true);
  // The service is silent for good: that there is an answer is our own doing.
  expect(await add.run(redis.client, ["n"], [1])).toBe("unavailable");
  const later = add.run(redis.client, ["n"], [1]);
  expect(await isAtOnce(later)).toBe(true);
  expect(await later).toBe("unavailable");
  rest.hang(false);
  await until(redis.healthy);
  expect(await add.run(redis.client, ["n"], [1])).toBe(1);
  expect(heard.filter((line) => line.includes("is back"))).toHaveLength(1);
});

withRedis("a script's fault is told in one line, not once for each call", async () => {
  const server = await aRedis();
  const { redis, heard } = await openOver(server);
  const failing = defineScript('return redis.error_reply("BAD day")', String);
  for (let i = 0; i < 50; i++) await failing.run(redis.client, [], []);
  expect(heard).toEqual([expect.stringContaining("a Redis script failed: BAD day")]);
});

test("the start-up line never shows credentials", async () => {
  const redis = await openRedis({ kind: "url", url: "redis://someone:secret@127.0.0.1:1/0" }, realWorld);
  toClose.push(redis.close);
  expect(redis.describe).toContain("redis://127.0.0.1:1");
  expect(redis.describe).not.toContain("secret");
});
