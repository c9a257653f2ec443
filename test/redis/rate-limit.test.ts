import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Redis } from "@upstash/redis";
import fc from "fast-check";
import { createMemory } from "../../src/memory.ts";
import { openRedis, type RedisHandle } from "../../src/redis/client.ts";
import { rateLimit } from "../../src/redis/rate-limit.ts";
import { realWorld } from "../../src/world.ts";
import { hasRedis, startRedis, type TestRedis } from "../support/redis-server.ts";

let server: TestRedis | undefined;
let redis: Redis | undefined;
let handle: RedisHandle | undefined;

beforeAll(async () => {
  if (!hasRedis) return;
  server = await startRedis();
  handle = await openRedis({ kind: "url", url: server.url }, realWorld);
  redis = handle.client;
});
afterAll(async () => {
  await handle?.close();
  await server?.stop();
});

const memory = createMemory();
let made = 0;
const aKey = () => `key:${++made}`;
const start = 1_790_000_000_000;

const limits = fc.record({ limit: fc.integer({ min: 1, max: 20 }), periodSeconds: fc.integer({ min: 1, max: 3_600 }) });
/** Gaps between requests, as shares of the time one request takes to be earned back. */
const gaps = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true })), {
  minLength: 1,
  maxLength: 60,
});

const places = [
  { place: "in this process, without Redis", where: () => undefined },
  { place: "in Redis", where: () => redis },
];

describe.each(hasRedis ? places : places.slice(0, 1))("the rate limit $place", ({ where }) => {
  test("refuses nobody for longer because the clock was set back by two hours", async () => {
    const key = aKey();
    const ask = (now: number) => rateLimit({ redis: where(), memory }, { key, limit: 2, periodSeconds: 10, now });
    const answers = async (now: number) => [await ask(now), await ask(now), await ask(now)].map((it) => it.allowed);
    expect(await answers(start)).toEqual([true, true, false]);
    expect(await answers(start - 7_200_000)).toEqual([true, true, false]);
    expect(await answers(start - 7_200_000 + 10_000)).toEqual([true, true, false]);
  });

  test("lets no stretch of time pass more than its share and one burst", async () => {
    await fc.assert(
      fc.asyncProperty(limits, gaps, async ({ limit, periodSeconds }, shares) => {
        const key = aKey();
        const passed: number[] = [];
        let now = start;
        for (const share of shares) {
          now += Math.floor((share * periodSeconds * 1_000) / limit);
          if ((await rateLimit({ redis: where(), memory }, { key, limit, periodSeconds, now })).allowed)
            passed.push(now);
        }
        for (const [i, from] of passed.entries()) {
          for (const [j, to] of passed.entries()) {
            if (j < i) continue;
            const share = ((to - from) / 1_000 / periodSeconds) * limit;
            expect(j - i + 1).toBeLessThanOrEqual(limit + Math.floor(share + 1e-9));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("never lets a burst exceed the limit, and waiting as told is enough", async () => {
    await fc.assert(
      fc.asyncProperty(limits, async ({ limit, periodSeconds }) => {
        const key = aKey();
        const ask = (now: number) => rateLimit({ redis: where(), memory }, { key, limit, periodSeconds, now });
        const burst = await Promise.all(Array.from({ length: limit + 5 }, () => ask(start)));
        expect(burst.filter((verdict) => verdict.allowed)).toHaveLength(limit);
        const refused = await ask(start);
        if (refused.allowed) throw new Error("the burst was not used up");
        expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(1);
        expect(await ask(start + refused.retryAfterSeconds * 1_000)).toEqual({ allowed: true });
      }),
      { numRuns: 40 },
    );
  });

  test("never refuses whoever keeps the pace", async () => {
    const key = aKey();
    for (let i = 0; i < 100; i++) {
      const verdict = await rateLimit(
        { redis: where(), memory },
        {
          key,
          limit: 7,
          periodSeconds: 60,
          now: start + Math.ceil((i * 60_000) / 7),
        },
      );
      expect(verdict).toEqual({ allowed: true });
    }
  });

  test("counts each key by itself", async () => {
    const [one, other] = [aKey(), aKey()];
    const once = { limit: 1, periodSeconds: 60, now: start };
    expect(await rateLimit({ redis: where(), memory }, { key: one, ...once })).toEqual({ allowed: true });
    expect(await rateLimit({ redis: where(), memory }, { key: one, ...once })).toEqual({
      allowed: false,
      retryAfterSeconds: 60,
    });
    expect(await rateLimit({ redis: where(), memory }, { key: other, ...once })).toEqual({ allowed: true });
  });
});

test.skipIf(!hasRedis)("a key in Redis expires once it no longer refuses anyone", async () => {
  const key = aKey();
  await rateLimit({ redis, memory }, { key, limit: 10, periodSeconds: 60, now: start });
  const left = await redis!.pttl(`rate:{${key}}`);
  expect(left).toBeGreaterThan(5_000);
  expect(left).toBeLessThanOrEqual(6_000);
});

test("the table of this process stays bounded, forgetting the key that was used longest ago", async () => {
  const once = { limit: 1, periodSeconds: 3_600, now: start };
  const [first, last] = [aKey(), aKey()];
  await rateLimit({ redis: undefined, memory }, { key: first, ...once });
  for (let i = 0; i < 10_000; i++) await rateLimit({ redis: undefined, memory }, { key: aKey(), ...once });
  await rateLimit({ redis: undefined, memory }, { key: last, ...once });
  expect(await rateLimit({ redis: undefined, memory }, { key: last, ...once })).toMatchObject({ allowed: false });
  expect(await rateLimit({ redis: undefined, memory }, { key: first, ...once })).toEqual({ allowed: true });
});

test.skipIf(!hasRedis)("I17 a limit that loses its Redis goes on limiting in this process", async () => {
  const lost = await startRedis();
  const short = await openRedis({ kind: "url", url: lost.url }, realWorld);
  const key = aKey();
  const ask = () => rateLimit({ redis: short.client, memory }, { key, limit: 2, periodSeconds: 60, now: start });
  expect([await ask(), await ask(), await ask()].map(({ allowed }) => allowed)).toEqual([true, true, false]);
  await lost.stop();
  expect([await ask(), await ask(), await ask()].map(({ allowed }) => allowed)).toEqual([true, true, false]);
  await short.close();
});
