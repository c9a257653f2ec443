import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { setCapsPolicy } from "../../src/campaign/caps/policy.ts";
import { runProgress } from "../../src/campaign/progress/progress.ts";
import { whyMember } from "../../src/campaign/progress/why.ts";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const night = { quietFrom: 22 * 60, quietTo: 8 * 60 };

/**
 * A shop in Berlin at this moment, quiet from 22:00 to 08:00, with so many members in each of these zones ("" = none of
 * their own).
 */
async function shopAt(moment: string, zones: Readonly<Record<string, number>>, env = {}): Promise<Shop> {
  const shop = await openShop({ env: { SHOP_TIME_ZONE: "Europe/Berlin", ...env } });
  goTo(shop, moment);
  accepted(await setCapsPolicy(shop.ctx, night));
  for (const [zone, n] of Object.entries(zones)) {
    await shop.members(n);
    await shop.ctx.db.write([
      sql`UPDATE member SET time_zone = ${zone} WHERE seq > (SELECT max(seq) FROM member) - ${n} AND ${zone} <> ''`,
    ]);
  }
  return shop;
}

function goTo(shop: Shop, moment: string): void {
  shop.pass(Date.parse(moment) - shop.ctx.clock());
}

async function ledgerBecomes(shop: Shop, run: number, ledger: Record<string, number>): Promise<void> {
  await until(async () => Bun.deepEquals(await shop.ledger(run), ledger), undefined, JSON.stringify(ledger)).catch(
    async () => expect(await shop.ledger(run)).toEqual(ledger),
  );
}

test("members in quiet hours are put off until theirs end, zone by zone; the run says what it waits for", async () => {
  const shop = await shopAt("2027-02-01T22:30:00Z", {
    "Europe/Berlin": 120,
    "Asia/Calcutta": 130,
    "America/New_York": 40,
    "": 10,
  });
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await ledgerBecomes(shop, run, { "EMAIL PENDING QUIET_HOURS": 260, "EMAIL SENT": 40, "IN_APP SENT": 300 });
  expect(await shop.state(run)).toBe("RUNNING");
  expect((await shop.messages())["campaign-wake"]).toBe(2);
  const [progress] = await runProgress(shop.ctx, [run]);
  expect(progress).toMatchObject({
    etaSeconds: null,
    waitsFor:
      "EMAIL: 260 sends until their members' quiet hours end; " +
      "the next of those deferred are due at 2027-02-02T02:30:00.000Z",
  });
  const why = accepted(await whyMember(shop.ctx, { run, member: 1 }));
  expect(why.channels.find(({ channel }) => channel === "EMAIL")?.words).toContain("at 2027-02-02T07:00:00.000Z");

  goTo(shop, "2027-02-02T02:30:01Z");
  await ledgerBecomes(shop, run, { "EMAIL PENDING QUIET_HOURS": 130, "EMAIL SENT": 170, "IN_APP SENT": 300 });
  goTo(shop, "2027-02-02T07:00:01Z");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 300, "IN_APP SENT": 300 });
  expect(await shop.faults(run)).toEqual([]);
});

test("consent is asked again when the quiet hours have ended", async () => {
  const shop = await shopAt("2027-02-01T22:30:00Z", { "Europe/Berlin": 10 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await ledgerBecomes(shop, run, { "EMAIL PENDING QUIET_HOURS": 10 });
  await shop.ctx.db.write([sql`UPDATE consent SET listed = 0 WHERE member <= 4`]);
  goTo(shop, "2027-02-02T07:00:01Z");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 6, "EMAIL SKIPPED NO_CONSENT": 4 });
  expect(await shop.faults(run)).toEqual([]);
});

/** Two batches at once, whose leases outlast a machine that stands still: a lost one stays SENDING during a pause. */
const patient = { BATCH_WINDOW: "2", LEASE_SECONDS: "30" };

test("a night that falls on a run in the middle puts the rest off with few messages, and nothing spins", async () => {
  const shop = await shopAt("2027-02-01T20:59:00Z", { "Europe/Berlin": 1_000 }, patient);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 100 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await shop.sent(run)) >= 100);
  await shop.pause(run);
  await until(async () => !Object.keys(await shop.ledger(run)).includes("EMAIL SENDING"));
  const { "EMAIL SENT": sent = 0 } = await shop.ledger(run);
  goTo(shop, "2027-02-01T21:00:00Z");
  await shop.resume(run);
  await ledgerBecomes(shop, run, { "EMAIL PENDING QUIET_HOURS": 1_000 - sent, "EMAIL SENT": sent });
  await until(async () => (await openBatchesOf(shop)) === 0);
  const messages = await shop.messages();
  expect(messages["campaign-wake"]).toBe(1);
  await Bun.sleep(200); // what spins would have made messages
  expect(await shop.messages()).toEqual(messages);
  expect(await shop.state(run)).toBe("RUNNING");
  expect(await shop.faults(run)).toEqual([]);
  goTo(shop, "2027-02-02T07:00:01Z");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 1_000 });
  expect(await shop.faults(run)).toEqual([]);
});

async function openBatchesOf({ ctx }: Shop): Promise<number> {
  return (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM batch WHERE state <> 'DONE'`))?.n ?? 0;
}

test("whose quiet hours outlast the campaign is SKIPPED, at its start and in the middle of it", async () => {
  const shop = await shopAt("2027-02-01T20:59:00Z", {
    "Europe/Berlin": 150,
    "Asia/Calcutta": 20,
    "America/New_York": 5,
  });
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 150 });
  const run = await shop.launched({ channels: ["EMAIL"], endsAt: Date.parse("2027-02-02T02:30:00Z") });
  await until(async () => (await shop.sent(run)) > 0);
  goTo(shop, "2027-02-01T21:00:00Z");
  await shop.becomes(run, "COMPLETED");
  const { "EMAIL SENT": sent = 0, ...others } = await shop.ledger(run);
  expect(sent).toBeGreaterThanOrEqual(100);
  expect(others).toEqual({ "EMAIL SKIPPED QUIET_HOURS": 175 - sent });
  expect(await shop.faults(run)).toEqual([]);
});

test("on the night on which the clock goes on, the morning is that of the wall clock", async () => {
  const shop = await shopAt("2027-03-27T22:00:00Z", { "Europe/Berlin": 10, UTC: 10 });
  const run = await shop.launched({ channels: ["SMS"] });
  await ledgerBecomes(shop, run, { "SMS PENDING QUIET_HOURS": 20 });
  goTo(shop, "2027-03-28T05:59:00Z");
  await Bun.sleep(100); // nothing comes, a minute too soon
  expect(await shop.ledger(run)).toEqual({ "SMS PENDING QUIET_HOURS": 20 });
  goTo(shop, "2027-03-28T06:00:01Z");
  await ledgerBecomes(shop, run, { "SMS PENDING QUIET_HOURS": 10, "SMS SENT": 10 });
  goTo(shop, "2027-03-28T08:00:01Z");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.faults(run)).toEqual([]);
});

test("what was put off can be cancelled, and a pause may last over the morning", async () => {
  const shop = await shopAt("2027-02-01T22:30:00Z", { "Europe/Berlin": 150, "America/New_York": 50 });
  const [cancelled, paused] = [
    await shop.launched({ channels: ["EMAIL"] }),
    await shop.launched({ channels: ["IN_APP", "PUSH"] }),
  ];
  await ledgerBecomes(shop, cancelled, { "EMAIL PENDING QUIET_HOURS": 150, "EMAIL SENT": 50 });
  await ledgerBecomes(shop, paused, { "IN_APP SENT": 200, "PUSH PENDING QUIET_HOURS": 150, "PUSH SENT": 50 });
  await shop.cancel(cancelled);
  await shop.becomes(cancelled, "CANCELLED");
  expect(await shop.ledger(cancelled)).toEqual({ "EMAIL CANCELLED": 150, "EMAIL SENT": 50 });
  await shop.pause(paused);
  goTo(shop, "2027-02-02T08:00:00Z");
  await ledgerBecomes(shop, paused, { "IN_APP SENT": 200, "PUSH PENDING": 150, "PUSH SENT": 50 });
  await shop.resume(paused);
  await shop.becomes(paused, "COMPLETED");
  expect([...(await shop.faults(cancelled)), ...(await shop.faults(paused))]).toEqual([]);
});

test("I9 a wake-up that is lost is found by the sweep", async () => {
  const shop = await shopAt("2027-02-01T22:30:00Z", { "Europe/Berlin": 30 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await ledgerBecomes(shop, run, { "EMAIL PENDING QUIET_HOURS": 30 });
  await until(() => wakeUp(shop));
  await shop.ctx.queue.client.messages.delete((await wakeUp(shop)) ?? "");
  goTo(shop, "2027-02-02T07:05:00Z");
  expect((await shop.sweep()).reissued).toBe(1);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.faults(run)).toEqual([]);
});

async function wakeUp({ ctx }: Shop): Promise<string | undefined> {
  const row = await ctx.db.first<{ id: string | null }>(
    sql`SELECT message_id AS id FROM outbox WHERE name = 'campaign-wake' ORDER BY seq DESC`,
  );
  return row?.id ?? undefined;
}

test("a morning wakes a large run in steps of 5,000", async () => {
  const shop = await shopAt("2027-02-01T22:30:00Z", { "Europe/Berlin": 5_500 });
  const run = await shop.launched({ channels: ["PUSH"] });
  await ledgerBecomes(shop, run, { "PUSH PENDING QUIET_HOURS": 5_500 });
  expect((await shop.messages())["channel-send"]).toBeUndefined();
  goTo(shop, "2027-02-02T07:00:01Z");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "PUSH SENT": 5_500 });
  expect(await shop.faults(run)).toEqual([]);
});

test("a simulation tells who would be put off, and a transactional campaign puts off nobody", async () => {
  const shop = await shopAt("2027-02-01T22:30:00Z", { "Europe/Berlin": 30, "America/New_York": 10 });
  const news = await shop.campaign({ channels: ["IN_APP", "EMAIL"] });
  const short = await shop.campaign({ channels: ["EMAIL"], endsAt: Date.parse("2027-02-02T00:00:00Z") });
  expect(accepted(await simulateLaunch(shop.ctx, { id: news })).channels).toEqual([
    { channel: "IN_APP", reachable: 40, deferred: 0, skipped: [] },
    { channel: "EMAIL", reachable: 40, deferred: 30, skipped: [] },
  ]);
  expect(accepted(await simulateLaunch(shop.ctx, { id: short })).channels).toEqual([
    { channel: "EMAIL", reachable: 10, deferred: 0, skipped: [{ reason: "QUIET_HOURS", n: 30 }] },
  ]);
  const run = await shop.launched({ channels: ["EMAIL"], transactional: true });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 40 });
});

test("a channel's own quiet hours stand in the place of those of all channels", async () => {
  const shop = await shopAt("2027-02-01T22:30:00Z", { "Europe/Berlin": 10 });
  accepted(await setCapsPolicy(shop.ctx, { channel: "PUSH", quietFrom: 0, quietTo: 60 }));
  const run = await shop.launched({ channels: ["PUSH", "SMS"] });
  await ledgerBecomes(shop, run, { "PUSH SENT": 10, "SMS PENDING QUIET_HOURS": 10 });
});
