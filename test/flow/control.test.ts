import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { beginTry } from "../../src/campaign/delivery/attempt.ts";
import { freezeBatch } from "../../src/campaign/delivery/freeze.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const members = 1_000;

/**
 * A run over in-app and e-mail, two batches of it at once, caught when about 30% of the e-mails are out. Its leases
 * outlast a machine that stands still for seconds: a batch whose lease is lost stays SENDING while its run is paused.
 */
async function caughtAtThirtyPercent(env: Record<string, string> = {}): Promise<{ shop: Shop; run: number }> {
  const shop = await openShop({ env: { BATCH_WINDOW: "2", LEASE_SECONDS: "30", ...env } });
  await shop.members(members);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 250 });
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await until(async () => (await shop.sent(run)) >= members * 0.3, undefined, "30% to be sent");
  return { shop, run };
}

/** E-mails that are out, or with the provider. */
async function under(shop: Shop, run: number): Promise<number> {
  const { "EMAIL SENT": sent = 0, "EMAIL SENDING": sending = 0 } = await shop.ledger(run);
  return sent + sending;
}

const atRest = (shop: Shop) => until(() => shop.idle(), undefined, "what is under way to end");

test("pausing lets no further call begin, nothing moves while paused, and resuming reaches everyone once", async () => {
  const { shop, run } = await caughtAtThirtyPercent();
  await shop.pause(run);
  const begun = await under(shop, run);
  await atRest(shop);
  const paused = await shop.ledger(run);
  expect(paused["EMAIL SENDING"]).toBeUndefined();
  expect(paused["EMAIL SENT"]).toBeLessThanOrEqual(begun);
  expect(await shop.state(run)).toBe("PAUSED");

  shop.pass(3_600_000);
  await shop.sweep();
  await atRest(shop);
  expect(await shop.ledger(run)).toEqual(paused);
  expect(paused["EMAIL SENT"]).toBeLessThan(members);

  await shop.resume(run);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": members, "IN_APP SENT": members });
  expect(await shop.faults(run)).toEqual([]);
});

test("whom a batch had chosen when a pause came before its call waits like all, and is sent to once", async () => {
  const isHeld = (request: Request) => request.url.endsWith("/channel-send");
  let holding = true;
  const shop = await openShop({
    deliver: async (request) => (holding && isHeld(request) ? new Response("held", { status: 500 }) : fetch(request)),
  });
  await shop.members(50);
  const run = await shop.launched({ channels: ["EMAIL"] });
  const batch = await until(() => shop.ctx.db.first<{ seq: number }>(sql`SELECT seq FROM batch WHERE run = ${run}`));
  const taken = await freezeBatch(shop.ctx, { batch: batch?.seq ?? 0 });
  if (taken.kind !== "frozen") throw new Error(`the batch is ${taken.kind}`);
  await shop.pause(run);
  expect(await beginTry(shop.ctx, taken.batch, new Uint8Array([1]), 1_000)).toBe("released");
  expect(await shop.ledger(run)).toEqual({ "EMAIL PENDING": 50 });
  holding = false;
  await shop.resume(run);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 50 });
  expect(await shop.faults(run)).toEqual([]);
});

function openSends(shop: Shop, run: number): Promise<{ pending: number; sending: number }> {
  return shop.ctx.db
    .first<{ pending: number; sending: number }>(sql`
      SELECT sum(state = 'PENDING') AS pending, sum(state = 'SENDING') AS sending FROM send WHERE run = ${run}`)
    .then((row) => row ?? { pending: 0, sending: 0 });
}

test("pausing and resuming again and again reaches everyone once", async () => {
  const { shop, run } = await caughtAtThirtyPercent({ PAGE_SIZE: "50" });
  for (let times = 0; times < 8; times++) {
    await shop.pause(run);
    await Bun.sleep(times * 20); // pauses of every length, some of which outlast the calls under way
    await shop.resume(run);
    await Bun.sleep(times * 5); // and as much time to move on between them
  }
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": members, "IN_APP SENT": members });
  expect(await shop.faults(run)).toEqual([]);
});

test("a run that is paused before its pages are planned goes on when resumed", async () => {
  const shop = await openShop();
  await shop.members(1_000);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await shop.pause(run);
  await atRest(shop);
  await shop.resume(run);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 1_000, "IN_APP SENT": 1_000 });
});

test("cancelling marks everyone not yet reached CANCELLED, and the run adds up", async () => {
  const { shop, run } = await caughtAtThirtyPercent();
  await shop.cancel(run);
  const begun = await under(shop, run);
  await shop.becomes(run, "CANCELLED");
  await atRest(shop);
  const {
    "EMAIL SENT": sent = 0,
    "EMAIL CANCELLED": cancelled = 0,
    "EMAIL UNKNOWN": unknown = 0,
  } = await shop.ledger(run);
  expect([sent + cancelled, unknown]).toEqual([members, 0]);
  expect(sent).toBeLessThanOrEqual(begun);
  expect(cancelled).toBeGreaterThan(0);
  expect(await shop.faults(run)).toEqual([]);
});

test("cancelling while pages are still being written leaves a row for every matched member", async () => {
  const shop = await openShop({ env: { PAGE_SIZE: "20" } });
  await shop.members(1_000);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await until(async () => ((await shop.ledger(run))["IN_APP SENT"] ?? 0) > 0);
  await shop.cancel(run);
  await shop.becomes(run, "CANCELLED");
  const ledger = await shop.ledger(run);
  const sum = (channel: string) =>
    Object.entries(ledger).reduce((n, [key, m]) => n + (key.startsWith(channel) ? m : 0), 0);
  expect([sum("EMAIL"), sum("IN_APP")]).toEqual([1_000, 1_000]);
  expect(ledger["IN_APP CANCELLED"]).toBeGreaterThan(0);
  expect(await shop.faults(run)).toEqual([]);
});

test("a paused run can be cancelled", async () => {
  const { shop, run } = await caughtAtThirtyPercent();
  await shop.pause(run);
  await atRest(shop);
  await shop.cancel(run);
  await shop.becomes(run, "CANCELLED");
  expect(await shop.faults(run)).toEqual([]);
  const campaign = await shop.ctx.db.first<{ state: string }>(sql`SELECT state FROM campaign`);
  expect(campaign?.state).toBe("CANCELLED");
});

test("I9 each cancel message delivered many times makes no more messages than once", async () => {
  const shop = await openShop({
    env: { PAGE_SIZE: "5000" },
    deliver: async (request) => {
      const copies = request.url.endsWith("/campaign-cancel") ? 4 : 1;
      const [first, ...others] = Array.from({ length: copies }, () => fetch(request.clone()));
      await Promise.all(others);
      return first ?? new Response();
    },
  });
  await shop.members(15_000);
  shop.ctx.sandbox.setFaults("EMAIL", { late: 1, lateMs: 2_500 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => {
    const { pending, sending } = await openSends(shop, run);
    return sending > 0 && pending > 12_000;
  });
  await shop.cancel(run);
  await shop.becomes(run, "CANCELLED");
  expect((await shop.messages())["campaign-cancel"]).toBeLessThan(8);
  expect(await shop.faults(run)).toEqual([]);
});
