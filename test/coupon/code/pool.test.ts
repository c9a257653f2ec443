import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { claimCoupon, type MemberContext } from "../../../src/coupon/claim/claim.ts";
import { createCodePool, findPool } from "../../../src/coupon/code/pool.ts";
import { assignPoolCodes } from "../../../src/coupon/code/pool-assign.ts";
import { cancelCodePool, pauseCodePool, resumeCodePool } from "../../../src/coupon/code/pool-control.ts";
import { fillStep, parkPool, stepSize, unpark } from "../../../src/coupon/code/pool-fill.ts";
import { poolProgress } from "../../../src/coupon/code/pool-progress.ts";
import type { CodePool } from "../../../src/coupon/code/pool-table.ts";
import { gateState } from "../../../src/coupon/gate/gate.ts";
import type { Coupon } from "../../../src/coupon/table.ts";
import { isRefusal, type Refusal } from "../../../src/errors.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { addTemplate } from "../../support/coupons.ts";
import { filledPool, freeCodes, poolOf } from "../../support/pools.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

afterAll(closeShops);

/** A queue that gets nothing done. */
const notNow = () => Promise.resolve(new Response("not now", { status: 503 }));

const pooled = { codeMode: "POOL", codePrefix: "SALE" } as const;

function as({ ctx }: Shop, seq: number): MemberContext {
  return { ...ctx, actor: { kind: "member", seq, id: `m${seq}` } };
}

const claim = (shop: Shop, member: number, template: number, key = "k") =>
  claimCoupon(as(shop, member), { template, idempotencyKey: key });

const codeOf = (answer: Coupon | Refusal) => (isRefusal(answer) ? answer.code : "CLAIMED");

async function begin({ ctx }: Shop, template: number, wanted: number): Promise<CodePool> {
  return accepted<CodePool>(await createCodePool(ctx, { template, wanted, idempotencyKey: crypto.randomUUID() }));
}

const count = async ({ ctx }: Shop, what: ReturnType<typeof sql>) =>
  (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM ${what}`))?.n;

test("50,000 codes are made in steps: exactly as many, no two alike, and the stock grows with them", async () => {
  const shop = await openShop();
  const { id: template } = await addTemplate(shop.ctx, pooled);
  const { id } = await begin(shop, template, 50_000);
  const begun = performance.now();
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
  console.log(`50,000 codes through the queue in ${Math.round(performance.now() - begun)} ms`);
  expect(seen.size).toBeGreaterThan(3);
  expect(await poolOf(shop.ctx.db, id)).toEqual({ state: "READY", made: 50_000, wanted: 50_000 });
  expect(await count(shop, sql`(SELECT DISTINCT key FROM pool_code WHERE pool = ${id})`)).toBe(50_000);
  expect(await count(shop, sql`pool_code WHERE code NOT GLOB 'SALE-*'`)).toBe(0);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
  expect(await shop.messages()).toEqual({ "coupon-pool": 50_000 / stepSize });
  const progress = poolProgress(accepted<CodePool>(await findPool(shop.ctx, id)), shop.ctx.clock() + 60_000);
  expect(progress).toMatchObject({ state: "READY", done: 50_000, total: 50_000, etaSeconds: null });
  expect(progress.perSecond).toBeGreaterThan(1_000);
}, 90_000);

test("I10 a step that comes twice, at once, or late makes no more codes", async () => {
  const shop = await openShop({ deliver: notNow });
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
  const shop = await openShop({ deliver: notNow });
  const { ctx } = shop;
  const { id: template } = await addTemplate(ctx, pooled);
  const { id } = await begin(shop, template, 3 * stepSize);
  await fillStep(ctx, { pool: id, from: 0 });
  expect(accepted(await pauseCodePool(ctx, { id })).state).toBe("PAUSED");
  await fillStep(ctx, { pool: id, from: stepSize });
  expect((await poolOf(ctx.db, id)).made).toBe(stepSize);
  expect(await pauseCodePool(ctx, { id })).toMatchObject({ code: "WRONG_STATE", state: "PAUSED" });
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
  const shop = await openShop({ deliver: notNow });
  const { ctx } = shop;
  const { id: template } = await addTemplate(ctx, pooled);
  const { id: pool } = await begin(shop, template, 2 * stepSize);
  await parkPool(ctx, { pool, from: 0 });
  expect(await poolOf(ctx.db, pool)).toMatchObject({ state: "FAILED", made: 0 });
  shop.pass(300_000);
  expect(await shop.sweep()).toEqual({ reissued: 0 });
  await unpark["coupon-pool"]?.(ctx, { pool, from: 0 });
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
  const { ctx } = await openShop();
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
  const { ctx } = await openShop();
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

test.each([{ REDIS_URL: "" }, { REDIS_URL: "none" }])(
  "I1 claims of a pool get its codes, one each, until it is empty, and a further pool opens it again: %p",
  async (env) => {
    const shop = await openShop({ env });
    const { ctx } = shop;
    await shop.members(80);
    const { id } = await addTemplate(ctx, pooled);
    const other = await addTemplate(ctx, { stock: 500 });
    expect(codeOf(await claim(shop, 1, id))).toBe("SOLD_OUT");
    await filledPool(ctx, id, 25);
    const next = await freeCodes(ctx.db, id);
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, n) => [claim(shop, n + 1, id), claim(shop, n + 1, other.id, "o")]).flat(),
    );
    expect(answers.filter((answer) => codeOf(answer) === "SOLD_OUT")).toHaveLength(55);
    const given = answers.flatMap((answer) => (!isRefusal(answer) && answer.template === id ? [answer.code] : []));
    expect(new Set<string | null>(given)).toEqual(new Set(next));
    expect(answers.flatMap((answer) => (!isRefusal(answer) && answer.template !== id ? [answer.code] : []))).toEqual(
      Array(80).fill(null),
    );
    expect(await couponSums(ctx.db)).toEqual([]);
    await filledPool(ctx, id, 5);
    const left = Array.from({ length: 80 }, (_, n) => claim(shop, n + 1, id, "later"));
    expect((await Promise.all(left)).filter((answer) => codeOf(answer) === "CLAIMED")).toHaveLength(5);
    expect(await couponSums(ctx.db)).toEqual([]);
    if (ctx.redis) await until(async () => (await gateState(ctx.redis, id))?.pending === 0);
  },
);

test("I6 a repeated claim is the same coupon with the same code, and takes no second one", async () => {
  const shop = await openShop();
  await shop.members(3);
  const { id } = await addTemplate(shop.ctx, { ...pooled, perMember: 2 });
  await filledPool(shop.ctx, id, 10);
  const first = await Promise.all([claim(shop, 1, id, "a"), claim(shop, 1, id, "a"), claim(shop, 1, id, "b")]);
  expect(await claim(shop, 1, id, "a")).toEqual(first[0]);
  expect(first[1]).toEqual(first[0]);
  expect(await freeCodes(shop.ctx.db, id)).toHaveLength(8);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("claims go on while a pool is filled", async () => {
  const shop = await openShop();
  await shop.members(400);
  const { id } = await addTemplate(shop.ctx, pooled);
  const pool = await begin(shop, id, 4 * stepSize);
  await until(async () => (await poolOf(shop.ctx.db, pool.id)).made > 0);
  const answers = await Promise.all(Array.from({ length: 400 }, (_, n) => claim(shop, n + 1, id)));
  expect(answers.filter(isRefusal)).toEqual([]);
  await until(async () => (await poolOf(shop.ctx.db, pool.id)).state === "READY");
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("coupons given to many get the lowest free codes by one statement, and a repeat takes no more", async () => {
  const shop = await openShop();
  const { db } = shop.ctx;
  await shop.members(3_000);
  const { id } = await addTemplate(shop.ctx, { ...pooled, issueMode: "SYSTEM" });
  await filledPool(shop.ctx, id, 2_500);
  const page = (from: number, to: number) => [
    sql`INSERT INTO coupon (member, template, number, source, at, valid_from, counted)
      SELECT seq, ${id}, 1, 'run/7', 0, 0, 1 FROM member WHERE seq > ${from} AND seq <= ${to} ON CONFLICT DO NOTHING`,
    sql`UPDATE coupon_template SET issued = issued + changes() WHERE id = ${id}`,
    ...assignPoolCodes({
      template: id,
      source: "run/7",
      members: sql`SELECT seq AS member FROM member WHERE seq > ${from} AND seq <= ${to}`,
    }),
  ];
  const begun = performance.now();
  await db.write(page(0, 1_000));
  console.log(`a page of 1,000 coupons with codes in ${Math.round(performance.now() - begun)} ms`);
  await db.write(page(0, 1_000));
  await db.write(page(1_000, 2_000));
  expect(await couponSums(db)).toEqual([]);
  expect(await freeCodes(db, id)).toHaveLength(500);
  const plain = await addTemplate(shop.ctx, { issueMode: "SYSTEM" });
  await db.write([
    sql`
      INSERT INTO coupon (member, template, number, source, at, valid_from, counted)
      VALUES (1, ${plain.id}, 1, 'run/7', 0, 0, 1)`,
    ...assignPoolCodes({ template: plain.id, source: "run/7", members: sql`SELECT 1 AS member` }),
  ]);
  expect(await db.first(sql`SELECT code FROM coupon WHERE template = ${plain.id}`)).toEqual({ code: null });
});

test("a campaign and members who claim share a pool: each coupon has its own code until it is empty", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "50" } });
  await shop.members(400);
  const { id } = await addTemplate(shop.ctx, pooled);
  await filledPool(shop.ctx, id, 250);
  const [run, answers] = await Promise.all([
    shop.launched({ kind: "COUPON_ISSUE", couponTemplate: id, channels: [] }),
    Promise.all(Array.from({ length: 100 }, (_, n) => claim(shop, 400 - n, id))),
  ]);
  await shop.becomes(run, "COMPLETED");
  expect(answers.every((answer) => ["CLAIMED", "SOLD_OUT", "LIMIT_REACHED"].includes(codeOf(answer)))).toBe(true);
  expect(await freeCodes(shop.ctx.db, id)).toEqual([]);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
  expect(await shop.faults(run)).toEqual([]);
});
