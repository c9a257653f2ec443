import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { gateState } from "../../src/coupon/gate/gate.ts";
import { reconcileGates } from "../../src/coupon/gate/reconcile.ts";
import { memberEnv } from "../support/ask.ts";
import { addTemplate } from "../support/coupons.ts";
import { byType, startCrowd } from "../support/crowd.ts";
import { counted } from "../support/length.ts";
import { closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const claims = counted(1_500, 10_000);
const stock = claims / 10;
const members = claims * 0.9;

test(`I1 I2 I6 ${claims} claims over HTTP, a thousand at once: just the stock is given, refusals typed`, async () => {
  const shop = await openShop({ env: { ...memberEnv, REDIS_URL: "", TRUST_PROXY: "1" } });
  await shop.members(members);
  const { id } = await addTemplate(shop.ctx, { stock });
  const crowd = startCrowd({ url: shop.app.url, template: id, requests: claims, members, inFlight: 1_200 });
  await crowd.done();
  const answers = crowd.answers();

  expect(answers.length).toBe(claims);
  expect(Math.max(...answers.map(({ together }) => together))).toBeGreaterThanOrEqual(1_000);
  const kinds = byType(answers);
  console.log(`${claims} claims, ${JSON.stringify(kinds)}`);
  expect(Object.keys(kinds).filter((type) => !["Coupon", "SoldOut", "LimitReached"].includes(type))).toEqual([]);
  const coupons = new Set(answers.flatMap(({ id }) => id ?? []));
  expect(coupons.size).toBe(stock);
  const byKey = new Map<string, string>();
  for (const { member, key, id } of answers) {
    if (id === undefined) continue;
    expect(byKey.get(`${member} ${key}`) ?? id).toBe(id);
    byKey.set(`${member} ${key}`, id);
  }
  const row = await shop.ctx.db.first(sql`
    SELECT state, issued, (SELECT count(*) FROM coupon WHERE template = ${id}) AS n,
      (SELECT count(DISTINCT member) FROM coupon WHERE template = ${id}) AS members
    FROM coupon_template WHERE id = ${id}`);
  expect(row).toEqual({ state: "SOLD_OUT", issued: stock, n: stock, members: stock });
  await until(async () => (await gateState(shop.ctx.redis, id))?.pending === 0);
  await reconcileGates(shop.ctx);
  expect(await gateState(shop.ctx.redis, id)).toEqual({ remaining: 0, pending: 0 });
}, 60_000);
