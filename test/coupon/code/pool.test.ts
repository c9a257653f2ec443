import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createCodePool, findPool } from "../../../src/coupon/code/pool.ts";
import { cancelCodePool, pauseCodePool, resumeCodePool } from "../../../src/coupon/code/pool-control.ts";
import { fillStep, parkPool, stepSize, unparkPool } from "../../../src/coupon/code/pool-fill.ts";
import { poolProgress } from "../../../src/coupon/code/pool-progress.ts";
import type { CodePool } from "../../../src/coupon/code/pool-table.ts";
import { isRefusal } from "../../../src/errors.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { addTemplate } from "../../support/coupons.ts";
import { counted } from "../../support/length.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { filledPool, poolOf } from "../../support/pools.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

afterAll(closeShops);
afterAll(closeLedgers);

const pooled = { codeMode: "POOL", codePrefix: "SALE" } as const;

async function begin({ ctx }: Pick<Shop, "ctx">, template: number, wanted: number): Promise<CodePool> {
  return accepted(await createCodePool(ctx, { template, wanted, idempotencyKey: crypto.randomUUID() }));
}

const count = async ({ ctx }: Ledger, what: ReturnType<typeof sql>) =>
  (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM ${what}`))?.n;

const many = counted(4, 10) * stepSize;

test("many codes are made in steps: exactly as many, no two alike, and the stock grows with them", async () => {
  const shop = await openShop();
  const { id: template } = await addTemplate(shop.ctx, pooled);
  const { id } = await begin(shop, template, many);
  const seen = new Set<number>();
  await until(
    async () => {
      const { state, made } = await poolOf(shop.ctx.db, id);
      seen.add(made);
      return state === "READY";
    },
    60_000,
    "the pool to be ready",
  );
  expect(seen.size).toBeGreaterThan(2);
  expect(await poolOf(shop.ctx.db, id)).toEqual({ state: "READY", made: many, wanted: many });
  expect(await count(shop, sql`(SELECT DISTINCT key FROM pool_code WHERE pool = ${id})`)).toBe(many);
  expect(await count(shop, sql`pool_code WHERE code NOT GLOB 'SALE-*'`)).toBe(0);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
  expect(await shop.messages()).toEqual({ "coupon-pool": many / stepSize });
  const progress = poolProgress(accepted(await findPool(shop.ctx, id)), shop.ctx.clock() + 60_000);
  expect(progress).toMatchObject({ state: "READY", done: many, total: many, etaSeconds: null });
  expect(progress.perSecond).toBeGreaterThan(0);
}, 90_000);

test("I10 a step that comes twice, at once, or late makes no more codes", async () => {
  const shop = await openLedger();
  const { id: template } = await addTemplate(shop.ctx, pooled);
  const { id } = await begin(shop, template, 2 * stepSize + 7);
  const step = (from: number) => fillStep(shop.ctx, { pool: id, from });
  await Promise.all([step(0), step(0), step(0)]);
  expect((await poolOf(shop.ctx.db, id)).made).toBe(stepSize);
  await step(0);
  await step(stepSize - 1);
  await step(2 * stepSize);
  expect((await poolOf(shop.ctx.db, id)).made).toBe(stepSize);
  await Promise.all([step(stepSize), step(stepSize)]);
  await Promise.all([step(2 * stepSize), step(2 * stepSize)]);
  expect(await poolOf(shop.ctx.db, id)).toEqual({ state: "READY", made: 2 * stepSize + 7, wanted: 2 * stepSize + 7 });
  await step(2 * stepSize + 7);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
  expect(await shop.messages()).toEqual({ "coupon-pool": 3 });
});

test("codes that are there already are made up for, so that the pool ends with what was wanted", async () => {
  const shop = await openShop();
  const { id: template } = await addTemplate(shop.ctx, pooled);
  // A thirty-seventh or so of the codes is turned away, as if there were such a one already.
  await shop.ctx.db.write([
    {
      sql: `
        CREATE TRIGGER known BEFORE INSERT ON pool_code WHEN substr(NEW.code, -1) IN ('0', '$')
        BEGIN SELECT RAISE(IGNORE); END`,
      args: [],
    },
  ]);
  const { id } = await begin(shop, template, stepSize + 100);
  await until(async () => (await poolOf(shop.ctx.db, id)).state === "READY");
  expect((await poolOf(shop.ctx.db, id)).made).toBe(stepSize + 100);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("a pool can be paused, resumed and cancelled; what it has stays good", async () => {
  const shop = await openLedger();
  const { ctx } = shop;
  const { id: template } = await addTemplate(ctx, pooled);
  const { id } = await begin(shop, template, 3 * stepSize);
  await fillStep(ctx, { pool: id, from: 0 });
  expect(accepted(await pauseCodePool(ctx, { id })).state).toBe("PAUSED");
  await fillStep(ctx, { pool: id, from: stepSize });
  expect((await poolOf(ctx.db, id)).made).toBe(stepSize);
  expect(await pauseCodePool(ctx, { id })).toMatchObject({ code: "WRONG_STATE", currentState: "PAUSED" });
  expect(accepted(await resumeCodePool(ctx, { id }))).toMatchObject({ state: "FILLING", sinceMade: stepSize });
  await fillStep(ctx, { pool: id, from: stepSize });
  expect(accepted(await cancelCodePool(ctx, { id })).state).toBe("CANCELLED");
  await fillStep(ctx, { pool: id, from: 2 * stepSize });
  expect(await resumeCodePool(ctx, { id })).toMatchObject({ code: "WRONG_STATE" });
  expect((await poolOf(ctx.db, id)).made).toBe(2 * stepSize);
  expect(await couponSums(ctx.db)).toEqual([]);
  expect(await pauseCodePool(ctx, { id: 99 })).toMatchObject({ code: "NOT_FOUND" });
});

test("I9 a pool whose message is lost is found by the sweep", async () => {
  const shop = await openShop();
  const { ctx } = shop;
  const { id: template } = await addTemplate(ctx, pooled);
  await ctx.db.write([
    sql`INSERT INTO code_pool (template, source, state, wanted, since_at, created_by, created_at, updated_at)
      VALUES (${template}, 'GENERATED', 'FILLING', 30, 0, 'test', 0, 0)`,
  ]);
  expect(await shop.sweep()).toEqual({ reissued: 1 });
  await until(async () => (await poolOf(ctx.db, 1)).state === "READY");
  expect(await shop.sweep()).toEqual({ reissued: 0 });
  expect(await couponSums(ctx.db)).toEqual([]);
});

test("I12 a pool that the queue gave up is left alone by the sweep, and goes on when resumed", async () => {
  const shop = await openShop({ deliver: () => Promise.resolve(new Response("not now", { status: 503 })) });
  const { ctx } = shop;
  const { id: template } = await addTemplate(ctx, pooled);
  const { id: pool } = await begin(shop, template, 2 * stepSize);
  await parkPool(ctx, { pool, from: 0 });
  expect(await poolOf(ctx.db, pool)).toMatchObject({ state: "FAILED", made: 0 });
  shop.pass(300_000);
  expect(await shop.sweep()).toEqual({ reissued: 0 });
  await unparkPool(ctx, { pool, from: 0 });
  await fillStep(ctx, { pool, from: 0 });
  await parkPool(ctx, { pool, from: 0 });
  expect(await poolOf(ctx.db, pool)).toMatchObject({ state: "FILLING", made: stepSize });
  await parkPool(ctx, { pool, from: stepSize });
  expect(accepted(await resumeCodePool(ctx, { id: pool })).state).toBe("FILLING");
  await fillStep(ctx, { pool, from: stepSize });
  expect(await poolOf(ctx.db, pool)).toMatchObject({ state: "READY", made: 2 * stepSize });
  expect(await couponSums(ctx.db)).toEqual([]);
});

test("a pool is for templates of code mode POOL that are not over, and of a number that can be", async () => {
  const { ctx } = await openLedger();
  const answer = async (facts: Parameters<typeof addTemplate>[1], wanted = 10) => {
    const { id } = await addTemplate(ctx, facts);
    const made = await createCodePool(ctx, { template: id, wanted, idempotencyKey: `k${id}` });
    return isRefusal(made) ? made.code : made.state;
  };
  expect(await answer({})).toBe("INVALID_INPUT");
  expect(await answer({ codeMode: "ON_CLAIM" })).toBe("INVALID_INPUT");
  expect(await answer({ ...pooled, state: "ENDED" })).toBe("WRONG_STATE");
  expect(await answer({ ...pooled, recurrence: { cron: "0 10 * * *" } })).toBe("INVALID_INPUT");
  for (const wanted of [0, -1, 1.5, 10_000_001, Number.NaN]) expect(await answer(pooled, wanted)).toBe("INVALID_INPUT");
  expect(await answer({ ...pooled, state: "DRAFT" })).toBe("FILLING");
  expect(await createCodePool(ctx, { template: 99, wanted: 1, idempotencyKey: "k" })).toMatchObject({
    code: "NOT_FOUND",
  });
});

test("the stock of a template with pools is its codes, whatever is said", async () => {
  const { ctx } = await openLedger();
  const { id } = await addTemplate(ctx, { ...pooled, stock: 1_000 });
  const stock = async () =>
    (await ctx.db.first<{ stock: number }>(sql`SELECT stock FROM coupon_template WHERE id = ${id}`))?.stock;
  expect(await stock()).toBe(0);
  await filledPool(ctx, id, 30);
  await ctx.db.write([sql`UPDATE coupon_template SET stock = NULL WHERE id = ${id}`]);
  expect(await stock()).toBe(30);
  await filledPool(ctx, id, 12);
  await ctx.db.write([sql`UPDATE coupon_template SET stock = 100 WHERE id = ${id}`]);
  expect(await stock()).toBe(42);
});
