import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "@upstash/redis";
import { openRedis, type RedisHandle, type RedisSettings } from "../../src/redis/client.ts";
import { connect } from "../../src/redis/connection.ts";
import { respClient } from "../../src/redis/resp-client.ts";
import { defineScript } from "../../src/redis/script.ts";
import { realWorld } from "../../src/world.ts";
import { hasRedis, startRedis, type TestRedis } from "../support/redis-server.ts";
import { startUpstashRest, type UpstashRest } from "../support/upstash-rest.ts";
import { until } from "../support/wait.ts";

let server: TestRedis;
let behind: Bun.RedisClient;
let rest: UpstashRest;
const opened: RedisHandle[] = [];

beforeAll(async () => {
  if (!hasRedis) return;
  server = await startRedis();
  behind = await server.raw();
  rest = startUpstashRest(await server.raw());
});

afterAll(async () => {
  for (const road of opened) await road.close();
  await rest?.stop();
  await server?.stop();
});

const roads: [string, () => RedisSettings][] = [
  ["over a connection of ours", () => ({ kind: "url", url: server.url })],
  ["over Upstash's REST", () => ({ kind: "rest", url: rest.url, token: rest.token })],
];

describe.skipIf(!hasRedis).each(roads)("@upstash/redis %s", (_, settings) => {
  let redis: Redis;
  let healthy: RedisHandle["healthy"];

  beforeAll(async () => {
    const handle = await openRedis(settings(), realWorld);
    opened.push(handle);
    redis = handle.client!;
    healthy = handle.healthy;
  });

  beforeEach(async () => {
    await behind.send("FLUSHALL", []);
    await behind.send("SCRIPT", ["FLUSH"]);
  });

  test("gives back text, numbers, objects and the absence of a value", async () => {
    expect(await redis.set("text", "héllo 🎉")).toBe("OK");
    expect(await redis.get<string>("text")).toBe("héllo 🎉");
    await redis.set("number", 42);
    expect(await redis.get<number>("number")).toBe(42);
    await redis.set("object", { a: [1, null, "x"] });
    expect(await redis.get<unknown>("object")).toEqual({ a: [1, null, "x"] });
    expect(await redis.get("nothing")).toBeNull();
    expect(await redis.mget<unknown[]>("text", "nothing", "number")).toEqual(["héllo 🎉", null, 42]);
  });

  test("keeps the word OK as a value, however deep", async () => {
    await redis.set("ok", "OK");
    expect(await redis.get<string>("ok")).toBe("OK");
    expect(await redis.mget<string[]>("ok", "ok")).toEqual(["OK", "OK"]);
    expect(await redis.eval('return { "OK", { "OK" } }', [], [])).toEqual(["OK", ["OK"]]);
  });

  test("keeps a text beyond the range of numbers as it was", async () => {
    await redis.set("big", "9007199254740993");
    expect(await redis.get<string>("big")).toBe("9007199254740993");
  });

  test("conditional set answers null when it did not set", async () => {
    expect(await redis.set("lock", "a", { nx: true, px: 60_000 })).toBe("OK");
    expect(await redis.set("lock", "b", { nx: true, px: 60_000 })).toBeNull();
    expect(await redis.pttl("lock")).toBeGreaterThan(50_000);
  });

  test("a hash comes back as an object, an absent one as null", async () => {
    await redis.hset("hash", { name: "Ada", level: 3 });
    expect(await redis.hgetall("hash")).toEqual({ name: "Ada", level: 3 });
    expect(await redis.hmget<Record<string, unknown>>("hash", "name", "none")).toEqual({ name: "Ada", none: null });
    expect(await redis.hgetall("nothing")).toBeNull();
  });

  test("a sorted set keeps members and scores apart", async () => {
    await redis.zadd("zset", { score: 1.5, member: "a" }, { score: 2, member: "b" });
    expect(await redis.zscore("zset", "a")).toBe(1.5);
    expect(await redis.zscore("zset", "c")).toBeNull();
    expect(await redis.zrange<unknown[]>("zset", 0, -1, { withScores: true })).toEqual(["a", 1.5, "b", 2]);
    expect(await redis.zrange<unknown[]>("zset", 0, 1_700_000_000_000, { byScore: true, offset: 0, count: 1 })).toEqual(
      ["a"],
    );
  });

  test("a scan walks every key", async () => {
    await redis.mset(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k:${i}`, i])));
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const [next, keys] = await redis.scan(cursor, { match: "k:*", count: 10 });
      for (const key of keys) seen.add(key);
      cursor = next;
    } while (cursor !== "0");
    expect(seen.size).toBe(50);
  });

  test("a refused command rejects with Redis's own words", async () => {
    await redis.set("text", "x");
    await expect(redis.lpush("text", "y")).rejects.toThrow("WRONGTYPE");
    await expect(redis.set("key", undefined)).rejects.toThrow("null args are not supported");
  });

  test("a pipeline answers in order, and fails naming the command that was refused", async () => {
    const answers = await redis.pipeline().set("a", 1).incr("a").get("a").get("none").exec();
    expect(answers).toEqual(["OK", 2, 2, null]);
    const kept = await redis.pipeline().lpush("a", "x").incr("a").exec({ keepErrors: true });
    expect(kept.map(({ error }) => error)).toEqual([expect.stringContaining("WRONGTYPE"), undefined]);
    expect(kept[1].result).toBe(3);
    await expect(redis.pipeline().incr("a").lpush("a", "x").exec()).rejects.toThrow(
      "Command 2 [ lpush ] failed: WRONGTYPE",
    );
  });

  test("a transaction is applied whole, with other commands never in between", async () => {
    const rounds = Array.from({ length: 40 }, async (_, i) => {
      const [transaction] = await Promise.all([
        redis.multi().set("t", i).incr("t").get("t").exec(),
        redis.incr("other"),
      ]);
      expect(transaction).toEqual(["OK", i + 1, i + 1]);
    });
    await Promise.all(rounds);
    expect(await redis.get<number>("other")).toBe(40);
  });

  test("a transaction with a malformed command changes nothing", async () => {
    await redis.set("t", 0);
    // Typed commands are well formed, but a Redis older than the client does not know them all.
    await expect(redis.multi().set("t", 1).json.get("t").exec()).rejects.toThrow("EXECABORT");
    expect(await redis.get<number>("t")).toBe(0);
  });

  test("a transaction in which a command fails applies the others, and names the one that failed", async () => {
    await redis.set("t", "text");
    const failing = () => redis.multi().lpush("t", "x").set("u", 7).incr("u");
    await expect(failing().exec()).rejects.toThrow("Command 1 [ lpush ] failed: WRONGTYPE");
    expect(await redis.get<number>("u")).toBe(8);
    const kept = await failing().exec({ keepErrors: true });
    expect(kept.map(({ error }) => error)).toEqual([expect.stringContaining("WRONGTYPE"), undefined, undefined]);
    expect(kept.map(({ result }) => result)).toEqual([undefined, "OK", 8]);
  });

  test("a script runs by its digest, and is sent again after Redis forgot it", async () => {
    const script = defineScript("return { KEYS[1], ARGV[1], ARGV[2] }", (raw) => raw);
    expect(await script.run(redis, ["{a}:key"], ["word", 7])).toEqual(["{a}:key", "word", 7]);
    await behind.send("SCRIPT", ["FLUSH"]);
    expect(await script.run(redis, ["{a}:key"], ["word", 8])).toEqual(["{a}:key", "word", 8]);
    expect(await behind.send("INFO", ["commandstats"])).toContain("cmdstat_evalsha");
  });

  test("a script that fails, or answers what its reader does not know, is unavailable", async () => {
    const failing = defineScript('return redis.error_reply("BAD day")', String);
    expect(await failing.run(redis, [], [])).toBe("unavailable");
    const strange = defineScript("return 1", () => {
      throw new TypeError("not a word");
    });
    expect(await strange.run(redis, [], [])).toBe("unavailable");
  });

  test("many at once each get their own answer", async () => {
    const echo = defineScript("return ARGV[1]", Number);
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, i) => echo.run(redis, [], [i])));
    expect(answers).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  });

  test("is healthy", async () => {
    expect(await healthy()).toBe(true);
  });
});

test.skipIf(!hasRedis)("a transaction whose EXEC is refused leaves no later command in it", async () => {
  await behind.send("ACL", ["SETUSER", "clerk", "on", ">word", "~*", "+@all", "-exec"]);
  const connection = await connect(
    async () => server.url,
    realWorld.timers,
    () => {},
  );
  const redis = new Redis(respClient(connection));
  await redis.exec(["AUTH", "clerk", "word"]);
  await expect(redis.multi().set("t", 1).exec()).rejects.toThrow(/EXECABORT|NOPERM/);
  const later = await until(() => redis.set("t", 2).catch(() => undefined));
  expect(later).toBe("OK");
  connection.close();
});

test.skipIf(!hasRedis)("REST was spoken in all its forms", () => {
  expect(new Set(rest.routes)).toEqual(new Set(["", "pipeline", "multi-exec"]));
});

test.skipIf(!hasRedis)("REST refuses a wrong token, and Fanfare says that Redis does not answer", async () => {
  const stranger = await openRedis({ kind: "rest", url: rest.url, token: "wrong" }, realWorld);
  expect(await stranger.healthy()).toBe(false);
  expect(stranger.describe).toContain("does not answer");
  expect(stranger.describe).not.toContain("wrong");
});
