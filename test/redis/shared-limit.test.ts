import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Redis } from "@upstash/redis";
import fc from "fast-check";
import { createMemory } from "../../src/memory.ts";
import { openRedis, type RedisHandle } from "../../src/redis/client.ts";
import { type SharedRate, sharedLimit } from "../../src/redis/shared-limit.ts";
import { realWorld } from "../../src/world.ts";
import { counted } from "../support/length.ts";
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

const start = 1_790_000_000_000;
let made = 0;
const aName = () => `limit${++made}`;

/** A process whose clock, and what it does by itself after a while, are the test's. */
function aProcess(rate: SharedRate, client: Redis | undefined, memory = createMemory()) {
  const at = { now: start };
  let woken: (() => void)[] = [];
  const after = (_: number, run: () => void) => {
    woken.push(run);
    return { stop() {}, unref() {} };
  };
  const place = { redis: client, memory, clock: () => at.now, timers: { ...realWorld.timers, after } };
  const limit = sharedLimit(place, rate);
  return {
    at,
    memory,
    ask: (who: string | number = "k") => limit(who),
    /** Lets it tell what is due to be told, and hear of it. */
    async tick() {
      const due = woken;
      woken = [];
      for (const run of due) run();
      for (let i = 0; i < 2 && due.length > 0; i++) await client?.ping();
    },
  };
}

/** What their clocks and timers do. */
async function allTell(processes: readonly ReturnType<typeof aProcess>[], now: number): Promise<void> {
  for (const { at } of processes) at.now = now;
  await Promise.all(processes.map(({ tick }) => tick()));
}

/** GCRA in one place: the limit as it is defined. */
function reference({ limit, periodSeconds }: SharedRate) {
  const interval = Math.ceil((periodSeconds * 1e6) / limit);
  let until = 0;
  const wait = (now: number) => Math.max(0, Math.ceil((until - now * 1_000 - interval * (limit - 1)) / 1e6));
  return {
    wait,
    count: (now: number) => {
      until = Math.max(until, now * 1_000) + interval;
    },
  };
}

const rates = fc
  .record({ limit: fc.integer({ min: 1, max: 100 }), periodSeconds: fc.integer({ min: 1, max: 60 }) })
  .map((rate): SharedRate => ({ ...rate, name: aName() }));
/** What comes next: who asks, how many times at once, after how much of the period; who tells before. */
const steps = fc.array(
  fc.record({
    who: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 5 }),
    times: fc.integer({ min: 1, max: 12 }),
    gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.double({ min: 0, max: 0.3, noNaN: true })),
    tells: fc.boolean(),
  }),
  { minLength: 10, maxLength: 40 },
);

const places = [
  { place: "without Redis", where: () => undefined },
  { place: "with Redis", where: () => redis },
];
describe.each(hasRedis ? places : places.slice(0, 1))("one process $place", ({ where }) => {
  test("answers every request as one place would in which all are counted", async () => {
    await fc.assert(
      fc.asyncProperty(rates, steps, fc.nat(60), async (rate, all, flushed) => {
        const one = aProcess(rate, where());
        const exact = reference(rate);
        for (const [i, { times, gap, tells }] of all.entries()) {
          one.at.now += Math.floor(gap * rate.periodSeconds * 1_000);
          if (tells) await one.tick();
          if (i === flushed) await where()?.flushall(); // nothing is forgotten that the process knows
          const answers = await Promise.all(Array.from({ length: times }, () => one.ask()));
          for (const answer of answers) {
            expect(answer).toBe(exact.wait(one.at.now));
            if (answer === 0) exact.count(one.at.now);
          }
        }
      }),
      { numRuns: counted(25, 3_000) },
    );
  });

  test("refuses nobody for longer because the clock was set back by two hours", async () => {
    const one = aProcess({ name: aName(), limit: 32, periodSeconds: 10 }, where());
    const burst = async () => {
      const answers = await Promise.all(Array.from({ length: 40 }, () => one.ask()));
      return answers.filter((wait) => wait === 0).length;
    };
    expect(await burst()).toBe(32);
    one.at.now -= 7_200_000;
    expect(await burst()).toBe(32);
    one.at.now += 10_000;
    expect(await burst()).toBe(32);
  });

  test.each([
    [2, true],
    [2, false],
    [32, true],
    [32, false],
  ])(
    "of %d refuses nobody in the time from which the clock was set back, asked before or not: %p",
    async (limit, isAsked) => {
      const one = aProcess({ name: aName(), limit, periodSeconds: 10 }, where());
      const burst = () => Promise.all(Array.from({ length: limit }, () => one.ask()));
      const all = Array.from({ length: limit }, () => 0);
      expect(await burst()).toEqual(all);
      await one.tick();
      one.at.now -= 7_200_000;
      if (isAsked) expect(await one.ask()).toBe(0);
      one.at.now += 7_192_000;
      expect(await burst()).toEqual(all);
    },
  );

  test("counts each by itself", async () => {
    const one = aProcess({ name: aName(), limit: 1, periodSeconds: 60 }, where());
    expect([await one.ask("a"), await one.ask("a"), await one.ask(7), await one.ask(7)]).toEqual([0, 60, 0, 60]);
  });
});

describe.skipIf(!hasRedis)("several processes", () => {
  test("never refuse wrongly, and let pass no more than is promised", async () => {
    await fc.assert(
      fc.asyncProperty(rates, fc.integer({ min: 2, max: 5 }), steps, async (rate, count, all) => {
        const processes = Array.from({ length: count }, () => aProcess(rate, redis));
        const exact = reference(rate);
        const passed: number[] = [];
        let now = start;
        for (const { who, times, gap } of all) {
          for (let left = gap; left > 0; left -= 0.05) {
            now += Math.floor(Math.min(left, 0.05) * rate.periodSeconds * 1_000);
            await allTell(processes, now);
          }
          const those = processes.filter((_, i) => who.includes(i));
          const answers = await Promise.all(those.flatMap(({ ask }) => Array.from({ length: times }, () => ask())));
          const refused = Math.max(0, ...answers);
          for (const answer of answers) {
            if (answer > 0) continue;
            exact.count(now);
            passed.push(now);
          }
          expect(refused).toBeLessThanOrEqual(exact.wait(now));
        }
        const { limit, periodSeconds } = rate;
        const more = limit < 8 ? 0 : (count / 8 + 7 / 20) * limit;
        for (const [i, from] of passed.entries()) {
          for (const [j, to] of passed.entries()) {
            if (j < i) continue;
            const earned = ((to - from) / 1_000 / periodSeconds) * limit;
            expect(j - i + 1).toBeLessThanOrEqual(Math.floor(limit + earned + more + 1e-6));
          }
        }
      }),
      { numRuns: counted(25, 3_000) },
    );
  });

  test("add up what none of them finds too much by itself", async () => {
    const rate = { name: aName(), limit: 32, periodSeconds: 32 };
    const processes = [aProcess(rate, redis), aProcess(rate, redis)];
    const exact = reference(rate);
    let passed = 0;
    const seconds = counted(120, 3_600);
    for (let s = 0; s < seconds; s += 0.5) {
      await allTell(processes, start + s * 1_000);
      // Each is asked a little less often than once a second, which is the limit of both.
      const asked = processes.filter((_, i) => (s + i * 0.5) % 1 === 0 && (s + i * 0.5) % 20 !== 0);
      for (const { ask, at } of asked) {
        const wait = await ask();
        expect(wait).toBeLessThanOrEqual(exact.wait(at.now));
        if (wait > 0) continue;
        exact.count(at.now);
        passed++;
      }
    }
    expect(passed).toBeLessThanOrEqual(32 * (1 + seconds / 32 + 2 / 8 + 7 / 20));
  });

  test("hear of each other: who is refused by one is soon refused by all, without a word to Redis", async () => {
    const rate = { name: aName(), limit: 64, periodSeconds: 3_600 };
    const [one, other] = [aProcess(rate, redis), aProcess(rate, redis)];
    for (let i = 0; i < 64; i++) expect(await one.ask()).toBe(0);
    expect(one.ask()).toBeGreaterThan(0);
    expect(other.ask()).toBe(0); // an eighth at most, until it hears
    other.at.now += 2_500;
    await other.tick();
    const before = await calls();
    for (let i = 0; i < 100; i++) expect(other.ask()).toBeGreaterThan(0);
    expect(await calls()).toBe(before);
  });

  test("count what they hear late for no more than is left of it", async () => {
    const rate = { name: aName(), limit: 64, periodSeconds: 64 };
    const [late, busy] = [aProcess(rate, redis), aProcess(rate, redis)];
    for (let i = 0; i < 4; i++) expect(late.ask()).toBe(0);
    for (const { at } of [late, busy]) at.now += 20_000; // all of it is earned back
    for (let i = 0; i < 60; i++) expect(await busy.ask()).toBe(0);
    await late.tick();
    for (let i = 0; i < 4; i++) expect(await busy.ask()).toBe(0);
    expect(await busy.ask()).toBe(1);
  });

  test("ask once for all that is asked in one turn, whatever limits it is of", async () => {
    const memory = createMemory();
    const asked = ["a", "b"].map(() => aProcess({ name: aName(), limit: 4, periodSeconds: 60 }, redis, memory));
    await Promise.all(asked.map(({ ask }) => ask()));
    const before = await calls();
    await Promise.all(asked.flatMap(({ ask }) => [ask("x"), ask("y"), ask("y")]));
    expect(await calls()).toBe(before + 1);
  });

  const calls = async () => {
    const raw = await server!.raw();
    const info: string = await raw.send("INFO", ["commandstats"]);
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1]);
  };
});

test("what a process knows stays bounded, and of the keys used last it forgets none", async () => {
  const rate = { name: aName(), limit: 1, periodSeconds: 3_600 };
  const one = aProcess(rate, undefined);
  const size = () => (one.memory.get("redis.sharedLimits") as { size: number }).size;
  for (let i = 0; i < 60_000; i++) one.ask(i);
  expect(size()).toBeLessThanOrEqual(50_000);
  expect([one.ask(59_999), one.ask(35_001), one.ask(1)]).toEqual([3_600, 3_600, 0]);
});

test.skipIf(!hasRedis)("I17 a limit whose Redis goes away goes on by what the process knows", async () => {
  const lost = await startRedis();
  const short = await openRedis({ kind: "url", url: lost.url }, realWorld);
  const one = aProcess({ name: aName(), limit: 32, periodSeconds: 60 }, short.client);
  for (let i = 0; i < 31; i++) expect(await one.ask()).toBe(0);
  await lost.stop();
  expect([await one.ask(), await one.ask()]).toEqual([0, 2]);
  for (let i = 0; i < 32; i++) expect(await one.ask("new")).toBe(0);
  expect(await one.ask("new")).toBe(2);
  await short.close();
});
