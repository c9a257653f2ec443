import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { dropAvailableWithin } from "../../../src/coupon/cache/sync-cache.ts";
import { noteWatching, watchingWithin } from "../../../src/coupon/cache/watching.ts";
import { counted } from "../../support/length.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { until } from "../../support/wait.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

const withRedis = test.skipIf(!hasRedis);
let wallets: Wallets;
beforeAll(async () => {
  wallets = await openWallets({ redis: hasRedis });
});
afterAll(() => wallets.close());

withRedis("of a range exactly those are found who were noted, whatever lies beside it, over all the bits", async () => {
  const member = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 524_280, max: 1_048_600 }));
  const range = fc.tuple(fc.nat(1_100_000), fc.nat(30), fc.boolean());
  const sets = fc.tuple(fc.uniqueArray(member, { maxLength: 20 }), range);
  await fc.assert(
    fc.asyncProperty(sets, async ([members, [place, width, isWide]]) => {
      await wallets.ctx.redis?.flushall();
      for (const each of members) await noteWatching(wallets.ctx, each);
      const from = isWide ? Math.min(place, 20) : (members[0] ?? place) - Math.min(place % 9, members[0] ?? place);
      const to = isWide ? 1_100_000 : from + width;
      const found = await watchingWithin(wallets.ctx, { from, to });
      if (found === "unavailable") throw new Error("Redis is away");
      expect(found.sort((a, b) => a - b)).toEqual(members.filter((m) => m > from && m <= to).sort((a, b) => a - b));
    }),
    { numRuns: counted(60, 2_000) },
  );
});

withRedis(
  "who looked in one period is known in the next, and forgotten when no list of theirs can be left",
  async () => {
    await wallets.ctx.redis?.flushall();
    await noteWatching(wallets.ctx, 7);
    const found: unknown[] = [];
    for (let passed = 0; passed < 4; passed++) {
      found.push(await watchingWithin(wallets.ctx, { from: 0, to: 9 }));
      wallets.pass(240_000);
    }
    expect(found.slice(0, 2)).toEqual([[7], [7]]);
    expect(found[3]).toEqual([]);
    const [key = ""] = (await wallets.ctx.redis?.keys("wallet:{watching}:*")) ?? [];
    expect(await wallets.ctx.redis?.pttl(key)).toBeGreaterThan(600_000);
  },
);

withRedis("a list that is read while coupons are given to many is not kept, and one that was kept goes", async () => {
  const [early, late] = [11, 12];
  expect(await wallets.see(early, "AVAILABLE")).toEqual([]);
  const before = wallets.reads();
  const release = wallets.holdReads();
  const looking = wallets.see(late, "AVAILABLE");
  await until(() => wallets.reads() > before); // it has read, and is not heard
  const [one, other] = [await wallets.give(early), await wallets.give(late)];
  await dropAvailableWithin(wallets.ctx, { from: 0, to: 100 });
  release();
  await looking;
  expect(await wallets.see(early, "AVAILABLE")).toEqual([one]);
  expect(await wallets.see(late, "AVAILABLE")).toEqual([other]);
});

withRedis("lists of those who are not in the range stay as they are loaded", async () => {
  await wallets.see(21, "AVAILABLE");
  const before = wallets.reads();
  await dropAvailableWithin(wallets.ctx, { from: 21, to: 90 });
  await wallets.see(21, "AVAILABLE");
  expect(wallets.reads()).toBe(before);
  await dropAvailableWithin(wallets.ctx, { from: 20, to: 90 });
  await wallets.see(21, "AVAILABLE");
  expect(wallets.reads()).toBeGreaterThan(before);
});
