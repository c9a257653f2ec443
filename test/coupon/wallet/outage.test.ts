import { afterAll, beforeAll, expect, test } from "bun:test";
import { hasRedis } from "../../support/redis-server.ts";
import { until } from "../../support/wait.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

const withRedis = test.skipIf(!hasRedis);
const opened: Wallets[] = [];
const open = async (redis: boolean) => {
  const wallets = await openWallets({ redis });
  opened.push(wallets);
  return wallets;
};
let wallets: Wallets;
beforeAll(async () => {
  wallets = await open(hasRedis);
});
afterAll(async () => {
  for (const each of opened) await each.close();
});

test("I17 without Redis a wallet is read from the database, and moves show at once", async () => {
  const bare = await open(false);
  const [first, second] = [await bare.give(1), await bare.give(1)];
  expect(await bare.see(1, "AVAILABLE")).toEqual([first, second]);
  await bare.move(1, first, "AVAILABLE", "LOCKED");
  expect(await bare.see(1, "AVAILABLE")).toEqual([second]);
  expect(await bare.see(1, "LOCKED")).toEqual([first]);
});

withRedis("I17 Redis flushed is a list that is loaded again", async () => {
  const coupon = await wallets.give(1);
  await wallets.see(1, "AVAILABLE");
  await wallets.ctx.redis?.flushall();
  expect(await wallets.see(1, "AVAILABLE")).toEqual([coupon]);
});

withRedis("I17 a Redis that was silent while a coupon moved is not believed when it is back", async () => {
  const coupon = await wallets.give(2);
  await wallets.see(2, "AVAILABLE");
  await until(async () => (await wallets.ctx.redis?.exists("wallet:{2}:2:AVAILABLE")) === 1);
  wallets.server?.freeze();
  // It stays silent until both are answered.
  await wallets.move(2, coupon, "AVAILABLE", "USED");
  expect(await wallets.see(2, "AVAILABLE")).toEqual([]);
  wallets.server?.thaw();
  await until(
    () =>
      wallets.ctx.redis?.ping().then(
        () => true,
        () => false,
      ) ?? false,
  );
  expect(await wallets.ctx.redis?.hlen("wallet:{2}:2:AVAILABLE")).toBe(2);
  expect(await wallets.see(2, "AVAILABLE")).toEqual([]);
  expect(await wallets.see(2, "USED")).toEqual([coupon]);
});

withRedis("I17 Redis that dies takes no coupon out of anybody's sight", async () => {
  const coupon = await wallets.give(3);
  await wallets.see(3, "AVAILABLE");
  await wallets.server?.kill();
  expect(await wallets.see(3, "AVAILABLE")).toEqual([coupon]);
  await wallets.move(3, coupon, "AVAILABLE", "USED");
  expect(await wallets.see(3, "USED")).toEqual([coupon]);
  await wallets.server?.start();
  expect(await wallets.see(3, "USED")).toEqual([coupon]);
});
