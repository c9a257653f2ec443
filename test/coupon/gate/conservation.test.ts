import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { MemberContext } from "../../../src/context.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { couponDrift } from "../../../src/coupon/events.ts";
import { alarm, couponConservation, gateDrift, keepGates } from "../../../src/coupon/gate/conservation.ts";
import { admit, gateState } from "../../../src/coupon/gate/gate.ts";
import { loadGate, reconcileGates, reconcileTemplate } from "../../../src/coupon/gate/reconcile.ts";
import { couponStatistics } from "../../../src/coupon/template/statistics.ts";
import { isRefusal } from "../../../src/errors.ts";
import { renderMetrics } from "../../../src/operations/metrics.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { until } from "../../support/wait.ts";

afterAll(closeLedgers);

const withRedis = { redis: true };
const turn = 31_000;

async function claims(shop: Ledger, template: number, from: number, to: number): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: to - from + 1 }, (_, i) => {
      const ctx: MemberContext = { ...shop.ctx, actor: { kind: "member", seq: from + i, id: `m${from + i}` } };
      return claimCoupon(ctx, { template, idempotencyKey: `${template}` });
    }),
  );
  return answers.filter((answer) => !isRefusal(answer)).length;
}
const settled = (shop: Ledger, id: number) => until(async () => (await gateState(shop.ctx.redis, id))?.pending === 0);
const rowsOf = async (shop: Ledger, id: number) =>
  (await shop.ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon WHERE template = ${id}`))?.n;

test("a claim that is asked for again takes no unit from others, of its template or of another", async () => {
  const shop = await openLedger(withRedis);
  await shop.members(1);
  const [one, other] = [await addTemplate(shop.ctx, { stock: 10 }), await addTemplate(shop.ctx, { stock: 10 })];
  for (const { id } of [one, other]) await loadGate(shop.ctx, id);
  const ctx: MemberContext = { ...shop.ctx, actor: { kind: "member", seq: 1, id: "m1" } };
  for (const { id } of [one, one, one, other]) {
    await claimCoupon(ctx, { template: id, idempotencyKey: "same" });
    await settled(shop, id);
  }
  expect(await gateState(shop.ctx.redis, one.id)).toEqual({ remaining: 9, pending: 0 });
  expect(await gateState(shop.ctx.redis, other.id)).toEqual({ remaining: 10, pending: 0 });
});

test("stock = issued + remaining after claims, after Redis was flushed, and after the rest was claimed", async () => {
  const shop = await openLedger(withRedis);
  await shop.members(200);
  const { id } = await addTemplate(shop.ctx, { stock: 100 });
  expect(await couponConservation(shop.ctx, id)).toEqual({
    stock: 100,
    issued: 0,
    remaining: 100,
    gate: null,
    drift: null,
    lastMended: null,
    reconciledAt: null,
  });
  await loadGate(shop.ctx, id);
  expect(await claims(shop, id, 1, 60)).toBe(60);
  await settled(shop, id);
  expect(await couponConservation(shop.ctx, id)).toMatchObject({
    issued: 60,
    remaining: 40,
    gate: { remaining: 40, pending: 0 },
    drift: 0,
  });
  await shop.ctx.redis?.flushall();
  expect(await couponConservation(shop.ctx, id)).toMatchObject({ issued: 60, remaining: 40, gate: null, drift: null });
  expect(await claims(shop, id, 61, 200)).toBe(40);
  await settled(shop, id);
  await keepGates(shop.ctx);
  expect(await couponConservation(shop.ctx, id)).toMatchObject({
    issued: 100,
    remaining: 0,
    gate: { remaining: 0 },
    drift: 0,
  });
  expect(await rowsOf(shop, id)).toBe(100);
});

test("a gate that is off is mended; by how much is kept and shown; off by much repeatedly is told once", async () => {
  const shop = await openLedger(withRedis);
  const { id } = await addTemplate(shop.ctx, { stock: 1_000 });
  await loadGate(shop.ctx, id);
  const events = () =>
    shop.ctx.db.all<{ data: string }>(sql`SELECT data FROM event WHERE type = ${couponDrift.type} ORDER BY seq`);
  const offBy = async (units: number) => {
    await shop.ctx.redis?.set(`coupon:{${id}}:gate`, 1_000 + units);
    shop.pass(turn);
    return keepGates(shop.ctx);
  };
  expect(await offBy(7)).toMatchObject([{ template: id, drift: 7 }]);
  const first = (await couponConservation(shop.ctx, id))?.lastMended;
  expect(first).toEqual({ at: expect.any(Number), drift: 7 });
  expect((await renderMetrics(shop.ctx)).text).toContain(`fanfare_coupon_gate_drift{template="${id}"} 7`);
  await offBy(0);
  expect((await couponConservation(shop.ctx, id))?.lastMended).toEqual(first!);
  expect((await renderMetrics(shop.ctx)).text).not.toContain("fanfare_coupon_gate_drift{");
  for (let n = 1; n < alarm.inARow; n++) await offBy(-500);
  expect(await events()).toEqual([]);
  await offBy(-501);
  await offBy(-500);
  expect((await events()).map(({ data }) => couponDrift.schema.parse(JSON.parse(data)))).toEqual([
    { template: id, drift: -501, remaining: 1_000 },
  ]);
  expect(await couponConservation(shop.ctx, id)).toMatchObject({ drift: 0, lastMended: { drift: -500 } });
});

test("a template that ended while its gate was off is no alarm for ever", async () => {
  const shop = await openLedger(withRedis);
  const { id } = await addTemplate(shop.ctx, { stock: 10 });
  await loadGate(shop.ctx, id);
  await shop.ctx.redis?.set(`coupon:{${id}}:gate`, 17);
  shop.pass(turn);
  await keepGates(shop.ctx);
  expect((await gateDrift(shop.ctx)).drifts).toEqual([{ template: id, drift: 7 }]);
  await shop.ctx.db.write([sql`UPDATE coupon_template SET state = 'ENDED' WHERE id = ${id}`]);
  shop.pass(turn);
  await keepGates(shop.ctx);
  expect((await gateDrift(shop.ctx)).drifts).toEqual([]);
});

test("where nothing is pending nobody looks for it; what many gates are asked goes together", async () => {
  const shop = await openLedger(withRedis);
  const { redis } = shop.ctx;
  if (!redis) return; // this machine has none
  const ids: number[] = [];
  for (let n = 0; n < 30; n++) ids.push((await addTemplate(shop.ctx, { stock: 5 })).id);
  for (const id of ids) await loadGate(shop.ctx, id);
  const asked: string[] = [];
  redis.use((request, send) => {
    asked.push(JSON.stringify(request.body));
    return send(request);
  });
  expect((await reconcileGates(shop.ctx)).map(({ template }) => template)).toEqual(ids);
  expect(asked.filter((body) => body.toLowerCase().includes("zrange"))).toEqual([]);
  const isSet = (body: string) => body.toLowerCase().includes("evalsha");
  expect(asked.filter(isSet)).toHaveLength(ids.length);
  expect(asked.findIndex(isSet)).toBeGreaterThanOrEqual(20); // so many were asked how they stand before one is set
});

test("of all processes one reconciles in a turn", async () => {
  const shop = await openLedger(withRedis);
  const answers = await Promise.all(Array.from({ length: 5 }, () => keepGates(shop.ctx)));
  expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
  shop.pass(turn);
  expect(await keepGates(shop.ctx)).toEqual([]);
});

test("without Redis, or without stock, there is no gate to be off", async () => {
  const shop = await openLedger();
  const { id } = await addTemplate(shop.ctx, {});
  expect(await keepGates(shop.ctx)).toBeUndefined();
  expect(await reconcileTemplate(shop.ctx, id)).toBeUndefined();
  expect(await couponConservation(shop.ctx, id)).toMatchObject({
    stock: null,
    remaining: null,
    gate: null,
    drift: null,
  });
  expect(await couponConservation(shop.ctx, 99)).toBeUndefined();
});

test("statistics add up, those of a recurring template over its occurrences", async () => {
  const shop = await openLedger();
  await shop.members(20);
  const recurring = await addTemplate(shop.ctx, { recurrence: { cron: "0 10 * * *", zone: "UTC", minutes: 5 } });
  const one = await addTemplate(shop.ctx, { recurringTemplate: recurring.id, occursAt: 1 });
  const two = await addTemplate(shop.ctx, {
    recurringTemplate: recurring.id,
    occursAt: 2,
    budget: 90_000,
    maxDiscount: 1_000,
  });
  await claims(shop, one.id, 1, 8);
  await claims(shop, two.id, 1, 4);
  await shop.ctx.db.write([
    sql`
      INSERT INTO coupon_counts
      VALUES (${one.id}, 'USED', 3, 3000, 40000), (${one.id}, 'EXPIRED', 1, 0, 0), (${two.id}, 'LOCKED', 1, 0, 0)`,
  ]);
  const sums = (await couponStatistics(shop.ctx, recurring.id))!;
  expect(sums).toEqual({
    currency: "EUR",
    issued: 12,
    claimed: 12,
    available: 7,
    locked: 1,
    used: 3,
    expired: 1,
    withdrawn: 0,
    discount: 3_000,
    revenue: 40_000,
    reserved: 4_000,
    spent: 0,
  });
  const { available, locked, used, expired, withdrawn } = sums;
  expect(available + locked + used + expired + withdrawn).toBe(sums.issued);
  expect(await couponStatistics(shop.ctx, two.id)).toMatchObject({ issued: 4, available: 3, reserved: 4_000 });
  expect(await couponStatistics(shop.ctx, 99)).toBeUndefined();
});

test.skipIf(!hasRedis)("with the clock set back, gates are reconciled and lost claims reaped as before", async () => {
  const shop = await openLedger(withRedis);
  const { id } = await addTemplate(shop.ctx, { stock: 10 });
  await loadGate(shop.ctx, id);
  await admit(shop.ctx.redis, { template: id, member: 1, token: "lost" }, shop.ctx.clock());
  expect(await keepGates(shop.ctx)).toBeDefined();
  expect(await gateState(shop.ctx.redis, id)).toEqual({ remaining: 10, pending: 1 });
  shop.pass(-7_200_000);
  expect(await keepGates(shop.ctx)).toMatchObject([{ template: id, released: 1 }]);
  expect(await gateState(shop.ctx.redis, id)).toEqual({ remaining: 10, pending: 0 });
});
