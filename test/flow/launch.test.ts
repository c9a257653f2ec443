import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

test("I8 a run over all five channels reaches everyone and adds up", async () => {
  const shop = await openShop();
  await shop.members(350);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL", "SMS", "PUSH", "POPUP"] });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({
    "EMAIL SENT": 350,
    "IN_APP SENT": 350,
    "POPUP SENT": 350,
    "PUSH SENT": 350,
    "SMS SENT": 350,
  });
  expect(await shop.faults(run)).toEqual([]);
});

test("I8 whoever cannot or must not be reached is skipped with the reason, and the run still adds up", async () => {
  const shop = await openShop();
  await shop.members(1000, {
    email: "CASE WHEN i % 10 = 1 THEN NULL ELSE 'u' || i || '@shop.test' END",
    control: "i % 10 = 2",
    consent: "i % 10 <> 3",
  });
  await shop.ctx.db.write([
    sql`INSERT INTO suppression SELECT 'EMAIL', email, 'complaint', 0 FROM member WHERE seq % 10 = 4`,
  ]);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({
    "EMAIL SENT": 600,
    "EMAIL SKIPPED CONTROL_GROUP": 100,
    "EMAIL SKIPPED NO_ADDRESS": 100,
    "EMAIL SKIPPED NO_CONSENT": 100,
    "EMAIL SKIPPED SUPPRESSED": 100,
    "IN_APP SENT": 900,
    "IN_APP SKIPPED CONTROL_GROUP": 100,
  });
  expect(await shop.faults(run)).toEqual([]);
});

test("FIRST_REACHABLE reaches each member on the first channel that can, and on no other", async () => {
  const shop = await openShop();
  await shop.members(300, {
    pushTokens: "i % 3 = 0",
    email: "CASE WHEN i % 3 = 1 THEN 'u' || i || '@shop.test' END",
  });
  const run = await shop.launched({ channels: ["PUSH", "EMAIL", "SMS"], reach: "FIRST_REACHABLE" });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({
    "EMAIL SENT": 100,
    "EMAIL SKIPPED NO_ADDRESS": 100,
    "EMAIL SKIPPED OTHER_CHANNEL": 100,
    "PUSH SENT": 100,
    "PUSH SKIPPED NO_ADDRESS": 200,
    "SMS SENT": 100,
    "SMS SKIPPED OTHER_CHANNEL": 200,
  });
  expect(await shop.faults(run)).toEqual([]);
});

test("an address that members share gets one message, on whichever pages they are", async () => {
  const shop = await openShop();
  await shop.members(1000, {
    email: "CASE WHEN i % 5 = 0 THEN 'shared' || (i % 50) || '@shop.test' ELSE 'u' || i || '@shop.test' END",
    phone: "'+4915' || (10000000 + i / 2)",
  });
  const run = await shop.launched({ channels: ["EMAIL", "SMS"] });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({
    "EMAIL SENT": 810,
    "EMAIL SKIPPED DUPLICATE_ADDRESS": 190,
    "SMS SENT": 501,
    "SMS SKIPPED DUPLICATE_ADDRESS": 499,
  });
  expect(await shop.faults(run)).toEqual([]);
  const addresses = await shop.ctx.db.first<{ n: number }>(sql`
    SELECT count(DISTINCT m.email) AS n FROM send s JOIN member m ON m.seq = s.member
    WHERE s.channel = 'EMAIL' AND s.state = 'SENT'`);
  expect(addresses?.n).toBe(810);
});

test("members who arrive after the start are not in the run", async () => {
  const shop = await openShop();
  await shop.members(300);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 50 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await shop.state(run)) === "RUNNING");
  await shop.members(300);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 300 });
  expect(await shop.faults(run)).toEqual([]);
});

test("a filter that matches one member in a hundred makes full pages", async () => {
  const shop = await openShop();
  await shop.members(25_000, { level: "i % 100 = 7" });
  const run = await shop.launched({ channels: ["IN_APP"], audience: { filter: { level: { eq: 1 } } } });
  await shop.becomes(run, "COMPLETED");
  const pages = await shop.ctx.db.all<{ n: number }>(sql`
    SELECT (SELECT count(*) FROM send WHERE run = p.run AND member > p.from_seq AND member <= p.to_seq) AS n
    FROM page p WHERE run = ${run} ORDER BY number`);
  expect(pages.map(({ n }) => n)).toEqual([100, 100, 50]);
  expect(await shop.faults(run)).toEqual([]);
});

test("a run of nobody completes, and so does one that nobody matches", async () => {
  const shop = await openShop();
  const first = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await shop.becomes(first, "COMPLETED");
  await shop.members(50);
  const second = await shop.launched({ channels: ["EMAIL"], audience: { filter: { level: { gte: 9 } } } });
  await shop.becomes(second, "COMPLETED");
  expect([await shop.ledger(first), await shop.ledger(second)]).toEqual([{}, {}]);
  const ended = await shop.ctx.db.all<{ state: string }>(sql`SELECT state FROM campaign`);
  expect(ended).toEqual([{ state: "ENDED" }, { state: "ENDED" }]);
});

test("I11 a campaign for later starts at its time, once", async () => {
  const shop = await openShop();
  await shop.members(120);
  const hour = 3_600_000;
  const run = await shop.launched({ channels: ["IN_APP"], startsAt: shop.ctx.clock() + 2 * hour });
  await until(async () => shop.app.queue && (await shop.messages())["campaign-start"] === 1);
  shop.pass(hour);
  await shop.sweep();
  expect(await shop.state(run)).toBe("PENDING");
  shop.pass(hour + 1_000);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 120 });
  expect((await shop.messages())["campaign-start"]).toBe(1);
  expect(await shop.faults(run)).toEqual([]);
});

test("I11 a start that lies days ahead is armed by the sweep when it comes near, once", async () => {
  const shop = await openShop();
  await shop.members(120);
  const day = 24 * 3_600_000;
  const run = await shop.launched({ channels: ["IN_APP"], startsAt: shop.ctx.clock() + 3 * day });
  await shop.sweep();
  expect((await shop.messages())["campaign-start"]).toBeUndefined();
  shop.pass(2 * day + 60_000);
  for (let sweeps = 0; sweeps < 3; sweeps++) await shop.sweep();
  expect((await shop.messages())["campaign-start"]).toBe(1);
  shop.pass(day);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 120 });
});

test("past the campaign's end nothing is sent: who was not reached by then is skipped as EXPIRED", async () => {
  const shop = await openShop({ env: { BATCH_WINDOW: "1" } });
  await shop.members(500);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 100 });
  const run = await shop.launched({ channels: ["EMAIL"], endsAt: shop.ctx.clock() + 3_600_000 });
  await until(async () => (await shop.sent(run)) >= 100);
  shop.pass(3_600_000);
  await shop.becomes(run, "COMPLETED");
  const { "EMAIL SENT": sent = 0, "EMAIL SKIPPED EXPIRED": expired = 0 } = await shop.ledger(run);
  expect(sent + expired).toBe(500);
  expect(expired).toBeGreaterThanOrEqual(200);
  expect(await shop.faults(run)).toEqual([]);
});

test("a template that fails for one member fails for that one alone", async () => {
  const shop = await openShop();
  await shop.members(230, { attributes: `CASE WHEN i = 77 THEN '{"n":1000000000}' ELSE '{"n":1}' END` });
  const run = await shop.launched({
    channels: ["SMS"],
    content: { SMS: { default: { text: "Hi{% for x in (1..member.attributes.n) %}{% endfor %}" } } },
  });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "SMS FAILED TEMPLATE_TOO_HEAVY": 1, "SMS SENT": 229 });
  expect(await shop.faults(run)).toEqual([]);
});
