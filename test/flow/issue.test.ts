import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { CampaignDraft } from "../../src/campaign/draft/campaign.ts";
import type { ChannelName } from "../../src/channels/catalog.ts";
import type { MemberContext } from "../../src/context.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { isWellTyped } from "../../src/coupon/code/code.ts";
import { gateState, reconcileGate } from "../../src/coupon/gate/gate.ts";
import { reconcileTemplate } from "../../src/coupon/gate/reconcile.ts";
import { couponStatistics } from "../../src/coupon/template/statistics.ts";
import { changeStock } from "../../src/coupon/template/stock-and-budget.ts";
import { myCoupons } from "../../src/coupon/wallet/wallet.ts";
import { isRefusal } from "../../src/errors.ts";
import { addTemplate } from "../support/coupons.ts";
import { startHrana } from "../support/hrana.ts";
import { couponFaults } from "../support/issue.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const small = { env: { PAGE_SIZE: "20" } };

/** Launches a campaign that gives coupons of this template. */
function giving(
  shop: Shop,
  template: number,
  draft: Partial<CampaignDraft> & { channels?: ChannelName[] } = {},
): Promise<number> {
  return shop.launched({ kind: "COUPON_ISSUE", couponTemplate: template, channels: [], ...draft });
}

async function allFaults(shop: Shop, run: number): Promise<string[]> {
  return [...(await shop.faults(run)), ...(await couponFaults(shop.ctx.db))];
}

test("I1 I8 a stock of 500 for 1,000 members: 500 get one, the others are SOLD_OUT, everything adds up", async () => {
  const shop = await openShop();
  await shop.members(1_000);
  const { id } = await addTemplate(shop.ctx, { issueMode: "SYSTEM", stock: 500 });
  const run = await giving(shop, id);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "COUPON SENT": 500, "COUPON SKIPPED SOLD_OUT": 500 });
  const template = await shop.ctx.db.first(sql`SELECT state, issued FROM coupon_template WHERE id = ${id}`);
  expect(template).toEqual({ state: "SOLD_OUT", issued: 500 });
  expect(await allFaults(shop, run)).toEqual([]);
});

test("I2 I10 pages delivered several times and in another order give each member exactly one", async () => {
  const shop = await openShop({
    ...small,
    deliver: async (request) => {
      if (!request.url.endsWith("/campaign-page")) return fetch(request);
      await Bun.sleep(Math.random() * 100); // so that others overtake it
      const [first, ...others] = [request.clone(), request.clone(), request].map((copy) => fetch(copy));
      await Promise.all(others);
      return first ?? new Response();
    },
  });
  await shop.members(1_000);
  const { id } = await addTemplate(shop.ctx, { stock: 2_000, perMember: 3 });
  const run = await giving(shop, id);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "COUPON SENT": 1_000 });
  expect(await shop.ctx.db.all(sql`SELECT number, count(*) AS n FROM coupon GROUP BY 1`)).toEqual([
    { number: 1, n: 1_000 },
  ]);
  expect(await allFaults(shop, run)).toEqual([]);
});

test("who is excluded gets none, for a reason that is counted; who may have another gets the next", async () => {
  const shop = await openShop(small);
  await shop.members(300, { control: "i % 10 = 1", level: "i % 3" });
  const { id } = await addTemplate(shop.ctx, { perMember: 2, eligibility: { level: { gte: 1 } }, validHours: 7 * 24 });
  const now = shop.ctx.clock();
  await shop.ctx.db.write([
    ...[1, 2].map(
      (number) => sql`
        INSERT INTO coupon (member, template, number, source, at, valid_from)
        SELECT seq, ${id}, ${number}, 'ISSUE', ${now}, 0 FROM member WHERE seq % 10 >= ${number === 1 ? 3 : 7}`,
    ),
  ]);
  const run = await giving(shop, id);
  await shop.becomes(run, "COMPLETED");
  const of = (n: (i: number) => boolean) => Array.from({ length: 300 }, (_, i) => i + 1).filter(n).length;
  expect(await shop.ledger(run)).toEqual({
    "COUPON SENT": of((i) => i % 10 !== 1 && i % 3 !== 0 && i % 10 < 7),
    "COUPON SKIPPED CONTROL_GROUP": of((i) => i % 10 === 1),
    "COUPON SKIPPED LIMIT_REACHED": of((i) => i % 10 >= 7 && i % 3 !== 0),
    "COUPON SKIPPED NOT_ELIGIBLE": of((i) => i % 10 !== 1 && i % 3 === 0),
  });
  const given = await shop.ctx.db.all(sql`
    SELECT min(number) AS least, max(number) AS most, min(valid_to - at) AS lasts
    FROM coupon WHERE source = ${`run/${run}`}`);
  expect(given).toEqual([{ least: 1, most: 2, lasts: 7 * 86_400_000 }]);
  expect(await allFaults(shop, run)).toEqual([]);
});

test("a budget for 7 coupons gives 7, and the others are told of as BUDGET_SPENT", async () => {
  const shop = await openShop(small);
  await shop.members(50);
  const { id } = await addTemplate(shop.ctx, { stock: 40, budget: 7_999, maxDiscount: 1_000 });
  const run = await giving(shop, id);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "COUPON SENT": 7, "COUPON SKIPPED BUDGET_SPENT": 43 });
  expect(await allFaults(shop, run)).toEqual([]);
});

test("codes are made in the database, all different and well formed, and messages carry them", async () => {
  const shop = await openShop(small);
  await shop.members(100);
  const { id } = await addTemplate(shop.ctx, { codeMode: "ON_CLAIM", codePrefix: "SPRING" });
  const content = { EMAIL: { default: { subject: "{{ coupon.name }}", html: "<b>{{ coupon.code }}</b>" } } };
  const run = await giving(shop, id, { channels: ["EMAIL"], content });
  await shop.becomes(run, "COMPLETED");
  const rows = await shop.ctx.db.all<{ member: number; code: string }>(sql`SELECT member, code FROM coupon`);
  expect(rows).toHaveLength(100);
  expect(new Set(rows.map(({ code }) => code)).size).toBe(100);
  expect(rows.filter(({ code }) => !/^SPRING-/.test(code) || !isWellTyped(code))).toEqual([]);
  const [letter] = shop.ctx.sandbox.list({ ref: `${run}:42` }).deliveries;
  expect(letter?.parts.subject).toBe("Ten off");
  expect(letter?.parts.html).toContain(`<b>${rows.find(({ member }) => member === 42)?.code}</b>`);
  expect(await allFaults(shop, run)).toEqual([]);
});

test("a message goes to those who got a coupon, and to nobody else", async () => {
  const shop = await openShop(small);
  await shop.members(100, { consent: "i % 4 <> 0" });
  const { id } = await addTemplate(shop.ctx, { stock: 60 });
  const run = await giving(shop, id, { channels: ["IN_APP", "EMAIL"] });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({
    "COUPON SENT": 60,
    "COUPON SKIPPED SOLD_OUT": 40,
    "EMAIL SENT": 45,
    "EMAIL SKIPPED NO_CONSENT": 15,
    "EMAIL SKIPPED NO_COUPON": 40,
    "IN_APP SENT": 60,
    "IN_APP SKIPPED NO_COUPON": 40,
  });
  const odd = await shop.ctx.db.first(sql`
    SELECT (SELECT count(*) FROM inbox WHERE member NOT IN (SELECT member FROM coupon)) AS told,
      (SELECT count(*) FROM inbox) AS n`);
  expect(odd).toEqual({ told: 0, n: 60 });
  expect(await allFaults(shop, run)).toEqual([]);
});

test("with FIRST_REACHABLE a receiver's message takes the first channel that reaches; the coupon is none", async () => {
  const shop = await openShop(small);
  await shop.members(60, { email: "CASE WHEN i % 2 = 0 THEN 'u' || i || '@shop.test' END" });
  const { id } = await addTemplate(shop.ctx, { stock: 40 });
  const run = await giving(shop, id, { channels: ["EMAIL", "SMS"], reach: "FIRST_REACHABLE" });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toMatchObject({
    "EMAIL SENT": 20,
    "EMAIL SKIPPED NO_ADDRESS": 20,
    "SMS SENT": 20,
    "SMS SKIPPED NO_COUPON": 20,
    "SMS SKIPPED OTHER_CHANNEL": 20,
  });
  expect(await allFaults(shop, run)).toEqual([]);
});

test("a stock that is changed while the run is under way holds from the next page on", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "10" } });
  await shop.members(1_500);
  const { id } = await addTemplate(shop.ctx, { stock: 1_450 });
  const run = await giving(shop, id);
  const issued = async () =>
    (await shop.ctx.db.first<{ n: number }>(sql`SELECT issued AS n FROM coupon_template WHERE id = ${id}`))?.n ?? 0;
  for (const stock of [1_250, 750, 1_000, 900]) {
    const before = await issued();
    await until(async () => (await issued()) > before, undefined, "more to be issued");
    expect(isRefusal(await changeStock(shop.ctx, { id, stock }))).toBe(false);
  }
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "COUPON SENT": 900, "COUPON SKIPPED SOLD_OUT": 600 });
  expect(await allFaults(shop, run)).toEqual([]);
});

test("a paused run gives nothing, resumed it goes on, and cancelled it leaves exactly what it had given", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "10" } });
  await shop.members(1_000);
  const { id } = await addTemplate(shop.ctx);
  const run = await giving(shop, id, { channels: ["IN_APP"] });
  const given = async () => (await shop.ledger(run))["COUPON SENT"] ?? 0;
  await until(async () => (await given()) > 100);
  await shop.pause(run);
  const paused = await given();
  await until(() => shop.idle(), undefined, "what was under way to end");
  expect([await given(), await shop.state(run)]).toEqual([paused, "PAUSED"]);
  await shop.resume(run);
  await until(async () => (await given()) > paused + 100);
  await shop.cancel(run);
  await shop.becomes(run, "CANCELLED");
  const ledger = await shop.ledger(run);
  expect((ledger["COUPON SENT"] ?? 0) + (ledger["COUPON CANCELLED"] ?? 0)).toBe(1_000);
  expect(ledger["COUPON CANCELLED"]).toBeGreaterThan(0);
  expect(ledger["IN_APP SENT"]).toBe(ledger["COUPON SENT"] ?? 0);
  expect(await allFaults(shop, run)).toEqual([]);
});

test("a template that ends while the run is under way gives no more, and the rest is told of as ENDED", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "10" } });
  await shop.members(1_000);
  const { id } = await addTemplate(shop.ctx);
  const run = await giving(shop, id);
  await until(async () => ((await shop.ledger(run))["COUPON SENT"] ?? 0) > 100);
  await shop.ctx.db.write([sql`UPDATE coupon_template SET state = 'ENDED' WHERE id = ${id}`]);
  await shop.becomes(run, "COMPLETED");
  const { "COUPON SENT": sent = 0, "COUPON SKIPPED ENDED": ended = 0 } = await shop.ledger(run);
  expect([sent + ended, ended > 0]).toEqual([1_000, true]);
  expect(await allFaults(shop, run)).toEqual([]);
});

test("I1 I2 members who claim while a run gives never take the stock over, and nobody holds two", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "20", REDIS_URL: "" } });
  await shop.members(1_000);
  const { id } = await addTemplate(shop.ctx, { stock: 700 });
  await reconcileGate(shop.ctx.redis, id, 700);
  const as = (seq: number): MemberContext => ({ ...shop.ctx, actor: { kind: "member", seq, id: `m_${seq}` } });
  const claims: Promise<string>[] = [];
  const claim = async (seq: number) => {
    const answer = await claimCoupon(as(seq), { template: id, idempotencyKey: "once" });
    return isRefusal(answer) ? answer.code : "CLAIMED";
  };
  const run = await giving(shop, id);
  for (let seq = 1_000; seq > 0; seq -= 2) {
    claims.push(claim(seq));
    if (seq % 50 === 0) await Bun.sleep(2); // the run has its turn
  }
  const codes = await Promise.all(claims);
  await shop.becomes(run, "COMPLETED");
  const claimed = codes.filter((code) => code === "CLAIMED").length;
  expect(claimed).toBeGreaterThan(0);
  expect(new Set(codes).difference(new Set(["CLAIMED", "LIMIT_REACHED", "SOLD_OUT"])).size).toBe(0);
  const ledger = await shop.ledger(run);
  expect((ledger["COUPON SENT"] ?? 0) + claimed).toBe(700);
  expect(await allFaults(shop, run)).toEqual([]);
  await until(async () => (await gateState(shop.ctx.redis, id))?.pending === 0);
  await reconcileTemplate(shop.ctx, id);
  expect(await gateState(shop.ctx.redis, id)).toEqual({ remaining: 0, pending: 0 });
});

test("I2 on a remote database whose answers get lost each member gets exactly one", async () => {
  const server = await startHrana(join(tempDir(), "remote.db"));
  const shop = await openShop({ env: { DATABASE_URL: server.url, QUEUE_RETRIES: "20", PAGE_SIZE: "20" } });
  await shop.members(600);
  const { id } = await addTemplate(shop.ctx, { stock: 500, perMember: 2, codeMode: "ON_CLAIM" });
  const run = await giving(shop, id);
  const losing = setInterval(() => server.loseNextAnswer(), 40); // some answers get through
  await Bun.sleep(600); // so long it goes on
  clearInterval(losing);
  await shop.state(run).catch(() => {}); // the last answer to be lost may be this one
  await shop.endsSoon(run);
  expect(await shop.ledger(run)).toEqual({ "COUPON SENT": 500, "COUPON SKIPPED SOLD_OUT": 100 });
  expect(await couponStatistics(shop.ctx, id)).toMatchObject({ issued: 500, available: 500 });
  expect(await allFaults(shop, run)).toEqual([]);
  await shop.stop();
  await server.stop();
});

test("the gate and the wallets hear of what a run gives", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "20", REDIS_URL: "" } });
  await shop.members(100);
  const { id } = await addTemplate(shop.ctx, { stock: 500 });
  const member: MemberContext = { ...shop.ctx, actor: { kind: "member", seq: 7, id: "m_7" } };
  await reconcileGate(shop.ctx.redis, id, 500);
  expect(await myCoupons(member, { status: "AVAILABLE", limit: 10 })).toEqual([]);
  const run = await giving(shop, id);
  await shop.becomes(run, "COMPLETED");
  await until(async () => (await gateState(shop.ctx.redis, id))?.remaining === 400);
  await until(async () => (await myCoupons(member, { status: "AVAILABLE", limit: 10 })).length === 1);
});
