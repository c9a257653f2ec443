import { afterAll, beforeAll, expect, test } from "bun:test";
import { dropAvailable } from "../../../src/coupon/cache/sync-cache.ts";
import { announceMoves, lifetime, moveInLists, readList, storeList } from "../../../src/coupon/cache/wallet-cache.ts";
import { myCoupons } from "../../../src/coupon/wallet/wallet.ts";
import { addTemplate } from "../../support/coupons.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { until } from "../../support/wait.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

const withRedis = test.skipIf(!hasRedis);
const hour = 3_600_000;
let wallets: Wallets;
beforeAll(async () => {
  wallets = await openWallets({ redis: hasRedis });
});
afterAll(() => wallets.close());

let used = 0;
const someone = () => ++used;
/** Waits until the list has come to Redis: nobody waits for it otherwise. */
const isKept = (member: number, status: "AVAILABLE" | "USED" = "AVAILABLE") =>
  until(async () => {
    const kept = await readList(wallets.ctx, { member, status });
    return kept !== "unavailable" && kept.kind === "loaded";
  });

test("what can be used comes soonest end first, what is over latest first; pages go on where one ended", async () => {
  const me = someone();
  const now = wallets.ctx.clock();
  const forever = await wallets.give(me);
  const late = await wallets.give(me, { validTo: now + 9 * hour });
  const soon = await wallets.give(me, { validTo: now + hour });
  const same = await wallets.give(me, { validTo: now + 9 * hour });
  expect(await wallets.see(me, "AVAILABLE")).toEqual([soon, late, same, forever]);
  expect(await wallets.see(me, "AVAILABLE")).toEqual([soon, late, same, forever]);
  const page = await myCoupons(wallets.as(me), { status: "AVAILABLE", limit: 2 });
  await wallets.move(me, late, "AVAILABLE", "USED");
  const next = await myCoupons(wallets.as(me), { status: "AVAILABLE", after: page.at(-1)?.id, limit: 2 });
  expect(next.map(({ id }) => id)).toEqual([same, forever]);
  await wallets.move(me, soon, "AVAILABLE", "USED");
  await wallets.move(me, forever, "AVAILABLE", "USED");
  expect(await wallets.see(me, "USED")).toEqual([forever, late, soon]);
});

test("a member sees no coupon of another, and none that the shop took back", async () => {
  const [me, other] = [someone(), someone()];
  const mine = await wallets.give(me);
  const theirs = await wallets.give(other);
  expect(await wallets.see(me, "AVAILABLE")).toEqual([mine]);
  await wallets.move(me, mine, "AVAILABLE", "WITHDRAWN");
  expect(await wallets.see(me, "AVAILABLE")).toEqual([]);
  expect(await myCoupons(wallets.as(me), { status: "AVAILABLE", after: theirs, limit: 5 })).toEqual([]);
});

withRedis("where the database is a file here, a wallet is one statement, kept nowhere, and never behind", async () => {
  const me = someone();
  const coupon = await wallets.give(me);
  const { ctx } = wallets;
  const near = { ...wallets.as(me), settings: { ...ctx.settings, isDatabaseFar: false } };
  const see = async (status: "AVAILABLE" | "USED") => (await myCoupons(near, { status, limit: 5 })).map(({ id }) => id);
  const before = wallets.reads();
  expect(await see("AVAILABLE")).toEqual([coupon]);
  expect(await see("USED")).toEqual([]);
  expect(wallets.reads() - before).toBe(2);
  await wallets.set(coupon, "USED"); // and nobody tells of it
  expect([await see("AVAILABLE"), await see("USED")]).toEqual([[], [coupon]]);
  await dropAvailable(near, [me]);
  expect(await ctx.redis?.keys(`wallet:{${me}}:*`)).toEqual([]);
});

withRedis("the second look does not ask the database, and an empty wallet is remembered like any other", async () => {
  const [full, empty] = [someone(), someone()];
  const coupon = await wallets.give(full);
  for (const [member, ids] of [
    [full, [coupon]],
    [empty, []],
  ] as const) {
    expect(await wallets.see(member, "AVAILABLE")).toEqual([...ids]);
    await isKept(member);
    const before = wallets.reads();
    for (let n = 0; n < 100; n++) expect(await wallets.see(member, "AVAILABLE")).toEqual([...ids]);
    expect(wallets.reads() - before).toBe(0);
  }
});

withRedis("a crowd that asks for a list that is not loaded reads the database once", async () => {
  const me = someone();
  const coupon = await wallets.give(me);
  const release = wallets.holdReads();
  const before = wallets.reads();
  const asked = Promise.all(Array.from({ length: 200 }, () => wallets.see(me, "LOCKED")));
  release();
  expect((await asked).flat()).toEqual([]);
  expect(wallets.reads() - before).toBe(1);
  expect(await wallets.see(me, "AVAILABLE")).toEqual([coupon]);
});

withRedis("a move shows in both lists at once, without the database being asked for a list again", async () => {
  const me = someone();
  const [first, second] = [await wallets.give(me), await wallets.give(me)];
  await wallets.see(me, "AVAILABLE");
  await wallets.see(me, "USED");
  await isKept(me);
  await isKept(me, "USED");
  await wallets.move(me, first, "AVAILABLE", "USED");
  const before = wallets.reads();
  expect(await wallets.see(me, "AVAILABLE")).toEqual([second]);
  expect(await wallets.see(me, "USED")).toEqual([first]);
  expect(wallets.reads() - before).toBe(0);
});

withRedis("what a reload read before a coupon was moved is not kept: the list that is seen next is true", async () => {
  const me = someone();
  const coupon = await wallets.give(me);
  const kept = await readList(wallets.ctx, { member: me, status: "AVAILABLE" });
  if (kept === "unavailable" || kept.kind === "loaded") throw new Error("it should be neither away nor loaded");
  const rows = await myCoupons({ ...wallets.as(me), redis: undefined }, { status: "AVAILABLE", limit: 10 });
  await wallets.move(me, coupon, "AVAILABLE", "USED");
  const late = { member: me, status: "AVAILABLE", version: kept.version, coupons: rows } as const;
  expect(await storeList(wallets.ctx, late)).toBe("stale");
  expect(await wallets.see(me, "AVAILABLE")).toEqual([]);
});

withRedis(
  "news of a move that another overtakes between its announcement and its end does not bring the old state back",
  async () => {
    const me = someone();
    const coupon = await wallets.give(me);
    const there = { member: me, from: "AVAILABLE", to: "LOCKED" } as const;
    await wallets.see(me, "AVAILABLE");
    await isKept(me);
    await wallets.set(coupon, "LOCKED");
    const name = await announceMoves(wallets.ctx, there);
    const rows = await myCoupons({ ...wallets.as(me), redis: undefined }, { status: "LOCKED", limit: 10 });
    await wallets.move(me, coupon, "LOCKED", "AVAILABLE");
    expect(await wallets.see(me, "AVAILABLE")).toEqual([coupon]);
    await isKept(me);
    await moveInLists(wallets.ctx, { ...there, name: name ?? "", coupons: rows });
    expect(await wallets.see(me, "AVAILABLE")).toEqual([coupon]);
    expect(await wallets.see(me, "LOCKED")).toEqual([]);
  },
);

withRedis("a list that missed an earlier move is dropped with the next one", async () => {
  const me = someone();
  const coupon = await wallets.give(me);
  await wallets.see(me, "LOCKED");
  await wallets.see(me, "USED");
  await isKept(me, "USED");
  await wallets.set(coupon, "LOCKED");
  await wallets.move(me, coupon, "LOCKED", "USED");
  expect(await wallets.see(me, "LOCKED")).toEqual([]);
  expect(await wallets.see(me, "USED")).toEqual([coupon]);
});

withRedis("the same for a coupon that was given meanwhile, and for Redis flushed in between", async () => {
  const [first, second] = [someone(), someone()];
  for (const [me, meanwhile] of [
    [first, () => wallets.give(first).then(() => dropAvailable(wallets.ctx, [first]))],
    [second, () => wallets.give(second).then(() => wallets.ctx.redis?.flushall())],
  ] as const) {
    const kept = await readList(wallets.ctx, { member: me, status: "AVAILABLE" });
    if (kept === "unavailable" || kept.kind === "loaded") throw new Error("it should be neither away nor loaded");
    await meanwhile();
    const late = { member: me, status: "AVAILABLE", version: kept.version, coupons: [] } as const;
    expect(await storeList(wallets.ctx, late)).toBe("stale");
    expect(await wallets.see(me, "AVAILABLE")).toHaveLength(1);
  }
});

withRedis("lists that are loaded together do not end together, and none lives longer than it should", async () => {
  const members = Array.from({ length: 30 }, (_, n) => 10_000 + n);
  for (const member of members) await wallets.see(member, "USED");
  const leftOf = async (member: number) => Number(await wallets.ctx.redis?.pttl(`wallet:{${member}}:2:USED`));
  await until(async () => (await Promise.all(members.map(leftOf))).every((ms) => ms > 0));
  const lives = await Promise.all(members.map(leftOf));
  expect(Math.min(...lives)).toBeGreaterThan(lifetime.minMs - 5_000);
  expect(Math.max(...lives)).toBeLessThanOrEqual(lifetime.minMs + lifetime.jitterMs);
  expect(Math.max(...lives) - Math.min(...lives)).toBeGreaterThan(lifetime.jitterMs / 4);
});

withRedis(
  "every name of a member in Redis lies under the one hash tag, so that one script may touch them all",
  async () => {
    const me = someone();
    await wallets.see(me, "EXPIRED");
    await isKept(me);
    const names = ((await wallets.ctx.redis?.keys(`wallet:{${me}}:*`)) ?? []).sort();
    expect(names).toEqual(["AVAILABLE", "EXPIRED", "LOCKED", "version"].map((name) => `wallet:{${me}}:2:${name}`));
  },
);

test("a wallet of more coupons than are kept is paged through from the database, each coupon once", async () => {
  const me = someone();
  const { id: template } = await addTemplate(wallets.ctx, { perMember: 2_000 });
  const now = wallets.ctx.clock();
  await wallets.db.write([
    {
      sql: `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1100)
        INSERT INTO coupon (member, template, number, source, at, valid_from, valid_to)
        SELECT ?, ?, i, 'ISSUE', 0, 0, CASE WHEN i % 3 THEN ? + i % 7 END FROM n`,
      args: [me, template, now + hour],
    },
  ]);
  const seen: number[] = [];
  for (let after: number | undefined; ; after = seen.at(-1)) {
    const page = await myCoupons(wallets.as(me), { status: "AVAILABLE", after, limit: 200 });
    if (page.length === 0) break;
    seen.push(...page.map(({ id }) => id));
  }
  expect(seen.length).toBe(1_100);
  expect(new Set(seen).size).toBe(1_100);
});
