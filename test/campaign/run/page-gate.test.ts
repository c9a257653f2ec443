import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { admit, gateState, settle } from "../../../src/coupon/gate/gate.ts";
import { loadGate, reconcileTemplate } from "../../../src/coupon/gate/reconcile.ts";
import { issueCoupon } from "../../../src/coupon/issue/issue-one.ts";
import { addTemplate } from "../../support/coupons.ts";
import { couponFaults } from "../../support/issue.ts";
import { bookFaults, ledgerOf } from "../../support/ledger.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { claimAs, planned } from "../../support/pages.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { accepted } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

const withRedis = test.skipIf(!hasRedis);
const members = 60;
const pageSize = 20;
/** Past what any claim or page may take. */
const later = 11_000;

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger({ redis: true });
  await shop.members(members, { control: "i = 1" });
});
afterAll(closeLedgers);

const gateOf = (id: number) => gateState(shop.ctx.redis, id);
const gateIs = (id: number, remaining: number, pending = 0) =>
  until(async () => {
    const state = await gateOf(id);
    return state?.remaining === remaining && state.pending === pending;
  }).catch(async () => expect(await gateOf(id)).toEqual({ remaining, pending }));

type Facts = Parameters<typeof addTemplate>[1];

/** A template in offer with its gate loaded, and a run that gives its coupons. */
async function offered(facts: Facts) {
  const { id } = await addTemplate(shop.ctx, facts);
  await loadGate(shop.ctx, id);
  return { id, ...(await planned(shop, id, pageSize)) };
}

/** What is left by the database. */
async function leftOf(id: number): Promise<number> {
  const row = await shop.ctx.db.first<{ n: number }>(sql`
    SELECT stock - issued AS n FROM coupon_template WHERE id = ${id}`);
  return row?.n ?? Number.NaN;
}

async function addsUp(run: number): Promise<void> {
  expect([...(await bookFaults(shop.ctx.db, run)), ...(await couponFaults(shop.ctx.db))]).toEqual([]);
}

withRedis.each(["SELF_CLAIM", "SYSTEM"] as const)(
  "a page of %s takes its units and keeps what it gave",
  async (mode) => {
    const { id, run, write } = await offered({ issueMode: mode, stock: 100 });
    const seen: unknown[] = [];
    const reconcile = async () => void seen.push(await gateOf(id), (await reconcileTemplate(shop.ctx, id))?.drift);
    await write(0, { before: reconcile });
    await gateIs(id, 81);
    await write(1, { after: reconcile });
    await gateIs(id, 61);
    // What is pending is no drift, be it in the table by now or not; and a gate that was set meanwhile comes down.
    expect(seen).toEqual([{ remaining: 80, pending: 20 }, 0, { remaining: 61, pending: 20 }, 0]);
    expect(await ledgerOf(shop.ctx.db, run)).toEqual({ "COUPON SENT": 39, "COUPON SKIPPED CONTROL_GROUP": 1 });
  },
);

withRedis(
  "a page delivered again takes nothing; delivered at the same time it takes once, and gives once",
  async () => {
    const { id, run, write } = await offered({ stock: 100 });
    const states: unknown[] = [];
    const look = async () => void states.push(await gateOf(id));
    await Promise.all(Array.from({ length: 4 }, () => write(1, { before: look })));
    expect(states).toContainEqual({ remaining: 80, pending: 20 });
    expect(states.map((state) => (state as { remaining: number }).remaining).filter((n) => n < 60)).toEqual([]);
    await gateIs(id, 80);
    states.length = 0;
    await write(1, { before: look });
    expect(states).toEqual([{ remaining: 80, pending: 0 }]);
    await gateIs(id, 80);
    expect(await ledgerOf(shop.ctx.db, run)).toEqual({ "COUPON SENT": 20 });
  },
);

withRedis(
  "killed between what it takes and its commit, a page's units come back, and it gives all the same",
  async () => {
    const { id, run, write, pages } = await offered({ stock: 59 });
    const dies = () => {
      throw new Error("kill -9");
    };
    await expect(write(1, { before: dies })).rejects.toThrow("kill -9");
    await expect(write(1, { before: dies })).rejects.toThrow("kill -9");
    expect(await gateOf(id)).toEqual({ remaining: 39, pending: 20 });
    expect(await reconcileTemplate(shop.ctx, id)).toMatchObject({ released: 0, drift: 0 });
    shop.pass(later);
    expect(await reconcileTemplate(shop.ctx, id)).toMatchObject({ released: 20, settled: 0, drift: 20 });
    await gateIs(id, 59);
    for (let page = 0; page < pages; page++) await write(page);
    await gateIs(id, 0);
    expect(await ledgerOf(shop.ctx.db, run)).toMatchObject({ "COUPON SENT": 59 });
    await addsUp(run);
  },
);

withRedis("killed between its commit and what it tells of it, the reaper counts what the page gave", async () => {
  const { id, run, write } = await offered({ stock: 59 });
  await write(0, { isDeafAfter: true });
  await write(2, { isDeafAfter: true });
  expect(await gateOf(id)).toEqual({ remaining: 19, pending: 40 });
  shop.pass(later);
  expect(await reconcileTemplate(shop.ctx, id)).toMatchObject({ settled: 39, released: 1, drift: 0, remaining: 20 });
  await gateIs(id, 20);
  await write(0);
  await gateIs(id, 20);
  await addsUp(run);
});

withRedis("flushed, emptied, too full or away, the gate changes nothing of what a page gives", async () => {
  const set = async (id: number, units: number) => void (await shop.ctx.redis?.set(`coupon:{${id}}:gate`, units));
  const { id, run, write, pages } = await offered({ stock: 50 });
  await write(0, { before: () => shop.ctx.redis?.flushall() });
  expect(await gateOf(id)).toBeUndefined();
  await write(1);
  await until(() => gateOf(id)); // whoever finds none has it loaded
  await set(id, 0);
  await write(2);
  expect([pages, await leftOf(id)]).toEqual([3, 0]);
  expect(await ledgerOf(shop.ctx.db, run)).toEqual({
    "COUPON SENT": 50,
    "COUPON SKIPPED CONTROL_GROUP": 1,
    "COUPON SKIPPED SOLD_OUT": 9,
  });
  await addsUp(run);
  const full = await offered({ stock: 25 });
  await set(full.id, 1_000);
  for (let page = 0; page < full.pages; page++) await full.write(page);
  expect(await ledgerOf(shop.ctx.db, full.run)).toMatchObject({ "COUPON SENT": 25, "COUPON SKIPPED SOLD_OUT": 34 });
  await gateIs(full.id, 0);
  await addsUp(full.run);
});

withRedis("a page that got fewer units than it has members gives to all for whom the database has some", async () => {
  const { id, write } = await offered({ stock: 20 });
  const tokens = Array.from({ length: 8 }, (_, n) => `t${n}`);
  // Claims that are under way elsewhere.
  for (const token of tokens) await admit(shop.ctx.redis, { template: id, member: 50, token }, shop.ctx.clock());
  await write(1, { before: async () => expect(await gateOf(id)).toEqual({ remaining: 0, pending: 20 }) });
  expect(await leftOf(id)).toBe(0);
  await gateIs(id, -8, 8);
  await settle(shop.ctx.redis, id, { issued: [], refused: tokens });
  await gateIs(id, 0);
});

withRedis("SOLD_OUT, BUDGET_SPENT and what comes before them are told apart where the gate has nothing", async () => {
  const { id, run, write, pages } = await offered({ stock: 20, perMember: 2 });
  expect(await claimAs(shop, id, 1)).toBe("CLAIMED");
  await until(async () => (await gateOf(id))?.pending === 0);
  for (let page = 0; page < pages; page++) await write(page);
  expect(await ledgerOf(shop.ctx.db, run)).toEqual({
    "COUPON SENT": 19,
    "COUPON SKIPPED CONTROL_GROUP": 1,
    "COUPON SKIPPED SOLD_OUT": 40,
  });
  const spent = await offered({ stock: 40, budget: 20_500, maxDiscount: 1_000 });
  await shop.ctx.redis?.set(`coupon:{${spent.id}}:gate`, 0);
  for (let page = 0; page < pages; page++) await spent.write(page);
  expect(await ledgerOf(shop.ctx.db, spent.run)).toMatchObject({
    "COUPON SENT": 20,
    "COUPON SKIPPED BUDGET_SPENT": 39,
  });
  await addsUp(run);
  await addsUp(spent.run);
});

withRedis("what is given one by one, past a gate, is taken off it", async () => {
  const { id, write } = await offered({ issueMode: "SYSTEM", stock: 50 });
  const give = (seq: number) =>
    issueCoupon(shop.ctx, { template: id, member: { seq }, idempotencyKey: `${seq} of ${id}` });
  for (const answer of await Promise.all([2, 3, 4].map(give))) accepted(answer);
  await gateIs(id, 47);
  await write(0);
  await gateIs(id, 31);
  expect(await reconcileTemplate(shop.ctx, id)).toMatchObject({ drift: 0, remaining: 31 });
});

withRedis("what has no stock has no gate, and a paused run takes nothing", async () => {
  const free = await offered({ stock: null });
  await free.write(0);
  expect(await shop.ctx.redis?.keys(`coupon:{${free.id}}:*`)).toEqual([]);
  const { id, run, write } = await offered({ stock: 100 });
  await shop.ctx.db.write([sql`UPDATE run SET state = 'PAUSED' WHERE id = ${run}`]);
  await write(0, { before: async () => expect(await gateOf(id)).toEqual({ remaining: 100, pending: 0 }) });
  expect(await ledgerOf(shop.ctx.db, run)).toEqual({});
});
