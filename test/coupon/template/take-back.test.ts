import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { withdrawTemplate } from "../../../src/coupon/template/lifecycle.ts";
import { takeBackOf, takeBackStretch } from "../../../src/coupon/template/take-back.ts";
import { addTemplate } from "../../support/coupons.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

afterAll(closeShops);

/** Gives `n` members a coupon of each of two templates in turn, as campaigns do. */
async function given({ ctx }: Shop, templates: readonly [number, number], n: number): Promise<void> {
  const [one, other] = templates;
  await ctx.db.write([
    sql`
      INSERT INTO coupon (member, template, number, source, held_budget, at, valid_from, counted)
      WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i LIMIT ${2 * n})
      SELECT n / 2 + 1, CASE n % 2 WHEN 0 THEN ${one} ELSE ${other} END, 1, 'run/1', 10, ${ctx.clock()}, 0, 1 FROM i`,
    sql`UPDATE coupon_template SET issued = ${n}, reserved = ${10 * n} WHERE id IN (${one}, ${other})`,
  ]);
}

const statesOf = (shop: Shop, template: number) =>
  shop.ctx.db.all<object>(
    sql`SELECT state, count(*) AS n FROM coupon WHERE template = ${template} GROUP BY 1 ORDER BY 1`,
  );

test("any number of unused coupons is taken back in stretches, each once however often it is delivered", async () => {
  const shop = await openShop();
  const facts = { budget: 1_000_000, maxDiscount: 10 };
  const [one, other] = [await addTemplate(shop.ctx, facts), await addTemplate(shop.ctx, facts)];
  await given(shop, [one.id, other.id], 25_000);
  accepted(await withdrawTemplate(shop.ctx, { id: one.id, takeBack: true }));
  await until(async () => (await takeBackOf(shop.ctx, one.id))?.endedAt);
  for (const from of [0, 20_000, 40_000]) await takeBackStretch(shop.ctx, { template: one.id, from });
  expect(await takeBackOf(shop.ctx, one.id)).toMatchObject({ taken: 25_000 });
  expect(await statesOf(shop, one.id)).toEqual([{ state: "WITHDRAWN", n: 25_000 }]);
  expect(await statesOf(shop, other.id)).toEqual([{ state: "AVAILABLE", n: 25_000 }]);
  expect(await shop.ctx.db.all<object>(sql`SELECT id, reserved FROM coupon_template ORDER BY id`)).toEqual([
    { id: one.id, reserved: 0 },
    { id: other.id, reserved: 250_000 },
  ]);
  expect(await shop.ctx.db.all<object>(sql`SELECT template, state, n FROM coupon_counts`)).toEqual([
    { template: one.id, state: "WITHDRAWN", n: 25_000 },
  ]);
});

test("I9 a stretch whose message was lost is taken up again by the sweep", async () => {
  const shop = await openShop();
  const { id } = await addTemplate(shop.ctx, { state: "WITHDRAWN", maxDiscount: 10 });
  const other = await addTemplate(shop.ctx, {});
  await given(shop, [id, other.id], 5);
  await shop.ctx.db.write([
    sql`INSERT INTO coupon_take_back (template, next, upto, started_at) VALUES (${id}, 0, 100, 0)`,
  ]);
  expect((await shop.sweep()).reissued).toBe(1);
  await until(async () => (await takeBackOf(shop.ctx, id))?.endedAt);
  expect(await statesOf(shop, id)).toEqual([{ state: "WITHDRAWN", n: 5 }]);
});
