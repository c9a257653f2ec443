import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { globalId, rowOf } from "../../src/ids.ts";
import { openBroker } from "../../src/own-broker.ts";
import { askAs, dataOf, memberEnv } from "../support/ask.ts";
import { addTemplate } from "../support/coupons.ts";
import { freePort } from "../support/port.ts";
import { accepted, closeShops, openShop, type Shop, shopEnv } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const scrape = async (shop: Shop) => (await fetch(`${shop.app.url}/metrics`)).text();

/** A figure of the process; 0 for one that is not there yet. */
async function figure(shop: Shop, line: string): Promise<number> {
  const found = (await scrape(shop)).split("\n").find((text) => text.startsWith(`${line} `));
  return Number(found?.split(" ").at(-1) ?? 0);
}

test("messages are counted by job and result, with how long they took, as is what could not be published", async () => {
  const shop = await openShop({ env: { QUEUE_RETRIES: "0" } });
  const counts = async () => ({
    done: await figure(shop, 'fanfare_jobs_total{job="campaign-page",result="done"}'),
    error: await figure(shop, 'fanfare_jobs_total{job="campaign-page",result="error"}'),
    reject: await figure(shop, 'fanfare_jobs_total{job="campaign-page",result="reject"}'),
    timed: await figure(shop, 'fanfare_job_seconds_count{job="campaign-page"}'),
    refused: await figure(shop, 'fanfare_publish_failures_total{kind="refused"}'),
  });
  const before = await counts();
  await shop.members(400);
  await shop.ctx.db.write([
    sql.raw("CREATE TRIGGER poison BEFORE INSERT ON inbox WHEN NEW.member = 250 BEGIN SELECT RAISE(ABORT, 'no'); END"),
    sql`INSERT INTO outbox (id, name, payload, subject, created_at)
      VALUES ('u1', 'campaign-start', '{"run":"' || hex(zeroblob(600000)) || '"}', 'start/u1', 1)`,
  ]);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.app.queue.client.publish({ url: `${shop.app.url}/jobs/campaign-page`, body: "{}", retries: 0 });
  await shop.becomes(run, "FAILED");
  await until(async () => (await counts()).reject > before.reject && (await counts()).refused > before.refused);
  const { done, error, reject, timed } = await counts();
  expect([done - before.done, error - before.error, reject - before.reject, timed - before.timed]).toEqual([
    2, 1, 1, 4,
  ]);
});

test("what a process remembers is told by name", async () => {
  const shop = await openShop();
  await shop.members(10);
  await shop.becomes(await shop.launched({ channels: ["IN_APP"] }), "COMPLETED");
  expect(await figure(shop, 'fanfare_remembered{name="campaign.frozenRuns"}')).toBe(1);
});

test("sends, claims, coupons by what became of them, revenue and the queue's backlog are counted", async () => {
  const shop = await openShop({ env: memberEnv });
  await shop.members(20);
  await shop.becomes(await shop.launched({ channels: ["IN_APP"] }), "COMPLETED");
  const { id } = await addTemplate(shop.ctx, { stock: 1 });
  const mutations = async () => [
    await figure(shop, 'fanfare_mutations_total{mutation="claimCoupon",result="Coupon"}'),
    await figure(shop, 'fanfare_mutations_total{mutation="claimCoupon",result="SoldOut"}'),
  ];
  const before = await mutations();
  const query = `mutation ($input: ClaimCouponInput!) {
    claimCoupon(input: $input) { ... on Coupon { id } ... on Refusal { refusal } } }`;
  const input = { templateId: globalId("CouponTemplate", id), idempotencyKey: "k" };
  const coupon = rowOf("Coupon", dataOf(await askAs(shop, 1, query, { input })).claimCoupon.id) ?? 0;
  expect(dataOf(await askAs(shop, 2, query, { input })).claimCoupon).toEqual({ refusal: "SOLD_OUT" });
  const cart = { currency: "EUR", lines: [{ id: "tea", goods: "tea", unitPrice: 5_000, quantity: 1 }] };
  accepted(await lockCoupons(shop.ctx, { orderId: "o", member: { seq: 1 }, cart, couponIds: [coupon] }));
  accepted(await redeemCoupons(shop.ctx, { orderId: "o" }));
  expect(await mutations()).toEqual(before.map((n) => n + 1));
  const text = await scrape(shop);
  for (const line of [
    'fanfare_sends_done{channel="IN_APP",state="SENT"} 20',
    'fanfare_coupons_issued{by="claim"} 1',
    'fanfare_coupons{state="USED"} 1',
    'fanfare_coupon_revenue_minor_units{currency="EUR"} 4000',
    'fanfare_coupon_discount_minor_units{currency="EUR"} 1000',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  await until(async () => (await scrape(shop)).includes('fanfare_queue_waiting{flow="pages"} 0'));
  await until(async () => (await scrape(shop)).includes("fanfare_queue_dead_letters 0"));
});

test("a scrape needs no queue: it would be paid for each time", async () => {
  const dataDir = tempDir();
  const env = { BROKER: "own-process", BROKER_PORT: String(freePort()) };
  const broker = await openBroker(shopEnv(dataDir, env), () => {});
  const shop = await openShop({ env, dataDir });
  await broker.stop();
  const outages = () => figure(shop, 'fanfare_publish_failures_total{kind="outage"}');
  const before = await outages();
  await shop.members(10);
  await shop.launched({ channels: ["IN_APP"] });
  await until(async () => (await outages()) > before);
  expect(await figure(shop, "fanfare_outbox_waiting")).toBeGreaterThan(0);
});
