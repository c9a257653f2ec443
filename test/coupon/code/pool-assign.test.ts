import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { MemberContext } from "../../../src/context.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { createCodePool } from "../../../src/coupon/code/pool.ts";
import { assignPoolCodes } from "../../../src/coupon/code/pool-assign.ts";
import { stepSize } from "../../../src/coupon/code/pool-fill.ts";
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

const pooled = { codeMode: "POOL", codePrefix: "SALE" } as const;

function as({ ctx }: Shop, seq: number): MemberContext {
  return { ...ctx, actor: { kind: "member", seq, id: `m${seq}` } };
}

const claim = (shop: Shop, member: number, template: number, key = "k") =>
  claimCoupon(as(shop, member), { template, idempotencyKey: key });

const codeOf = (answer: Coupon | Refusal) => (isRefusal(answer) ? answer.code : "CLAIMED");

async function begin({ ctx }: Shop, template: number, wanted: number): Promise<CodePool> {
  return accepted(await createCodePool(ctx, { template, wanted, idempotencyKey: crypto.randomUUID() }));
}

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
