import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { couponSoldOut } from "../../../src/coupon/events.ts";
import { gateState } from "../../../src/coupon/gate/gate.ts";
import { withdrawTemplate } from "../../../src/coupon/template/lifecycle.ts";
import { changeBudget, changeStock } from "../../../src/coupon/template/stock-and-budget.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import { isRefusal } from "../../../src/errors.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { pathsOf, templateDesk } from "../../support/coupons.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ env: { REDIS_URL: "" } });
  await shop.members(60, { level: "i" });
});
afterAll(closeShops);

const { live, claim } = templateDesk(() => shop.ctx);
const codeOf = (answer: object) => (isRefusal(answer) ? answer.code : "CLAIMED");

test("stock raised after it was sold out lets claims through at once, at a loaded gate, too", async () => {
  const { id } = await live({ stock: 2 });
  expect(await gateState(shop.ctx.redis, id)).toEqual({ remaining: 2, pending: 0 });
  for (const seq of [1, 2]) expect(codeOf(await claim(seq, id))).toBe("CLAIMED");
  expect(codeOf(await claim(3, id))).toBe("SOLD_OUT");
  await until(async () => (await gateState(shop.ctx.redis, id))?.remaining === 0);
  expect(accepted(await changeStock(shop.ctx, { id, stock: 3, reason: "more came" }))).toMatchObject({
    state: "ACTIVE",
  });
  expect(codeOf(await claim(3, id))).toBe("CLAIMED");
  expect(codeOf(await claim(4, id))).toBe("SOLD_OUT");
  expect(
    (await historyOf(shop.ctx, subjectOf("coupon-template", id))).map(({ to, actor, reason }) => [to, actor, reason]),
  ).toEqual([
    ["SOLD_OUT", "stock and budget", null],
    ["3", "job app", "more came"],
    ["ACTIVE", "job app", "more came"],
    ["SOLD_OUT", "stock and budget", null],
    ["ACTIVE", "job app", null],
    [null, "job app", null],
  ]);
  const events = await shop.ctx.db.all<{ data: string }>(
    sql`SELECT data FROM event WHERE type = 'coupon.sold_out' AND subject = ${`coupon-template/${id}`} ORDER BY seq`,
  );
  expect(events.map(({ data }) => couponSoldOut.schema.parse(JSON.parse(data)))).toEqual([
    { template: id, recurringTemplate: null, issued: 2, stock: 2, budget: null, currency: "EUR" },
    { template: id, recurringTemplate: null, issued: 3, stock: 3, budget: null, currency: "EUR" },
  ]);
});

test("stock lowered to what is issued sells out at once; below it is refused; unlimited needs no gate", async () => {
  const { id } = await live({ stock: 10 });
  await claim(1, id);
  await claim(2, id);
  expect(pathsOf(await changeStock(shop.ctx, { id, stock: 1 }))).toEqual(["stock"]);
  expect(pathsOf(await changeStock(shop.ctx, { id, stock: 2.5 }))).toEqual(["stock"]);
  expect(accepted(await changeStock(shop.ctx, { id, stock: 2 }))).toMatchObject({ state: "SOLD_OUT", stock: 2 });
  expect(codeOf(await claim(3, id))).toBe("SOLD_OUT");
  expect(accepted(await changeStock(shop.ctx, { id, stock: null }))).toMatchObject({ state: "ACTIVE", stock: null });
  expect(codeOf(await claim(3, id))).toBe("CLAIMED");
  accepted(await withdrawTemplate(shop.ctx, { id }));
  expect(await changeStock(shop.ctx, { id, stock: 9 })).toMatchObject({
    code: "WRONG_STATE",
    currentState: "WITHDRAWN",
  });
  expect(await changeStock(shop.ctx, { id: 999_999, stock: 9 })).toMatchObject({ code: "NOT_FOUND" });
});

test("a budget holds what it reserved, is never set below it, and opens again when it grows", async () => {
  const { id } = await live({ budget: 2_500 });
  expect([codeOf(await claim(1, id)), codeOf(await claim(2, id)), codeOf(await claim(3, id))]).toEqual([
    "CLAIMED",
    "CLAIMED",
    "SOLD_OUT",
  ]);
  expect(await findTemplate(shop.ctx, id)).toMatchObject({ state: "SOLD_OUT", reserved: 2_000 });
  expect(pathsOf(await changeBudget(shop.ctx, { id, budget: 1_999 }))).toEqual(["budget"]);
  expect(accepted(await changeBudget(shop.ctx, { id, budget: 3_000 }))).toMatchObject({ state: "ACTIVE" });
  expect(codeOf(await claim(3, id))).toBe("CLAIMED");
  expect(accepted(await changeBudget(shop.ctx, { id, budget: null }))).toMatchObject({ state: "ACTIVE", budget: null });
  expect(pathsOf(await changeBudget(shop.ctx, { id, budget: 9_000 }))).toEqual(["budget"]);
});
