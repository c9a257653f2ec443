import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { listDeadLetters } from "../../src/operations/queue/dead-letter.ts";
import { replayDeadLetters } from "../../src/operations/queue/replay.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const nameOf = (request: Request) => request.url.split("/").at(-1) ?? "";

test("I10 every message delivered twice at once, and again when all is over, changes nothing", async () => {
  const delivered: Request[] = [];
  const shop = await openShop({
    env: { PAGE_SIZE: "4" }, // small pages, so that planning takes several steps
    deliver: async (request) => {
      delivered.push(request.clone());
      const [first] = await Promise.all([fetch(request.clone()), fetch(request.clone())]);
      return first;
    },
  });
  await shop.members(600);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL", "SMS"] });
  await shop.becomes(run, "COMPLETED");
  await until(async () => "events" in (await shop.messages()), undefined, "the run's end to be announced");
  const before = [await shop.ledger(run), await shop.messages()];
  expect(before[0]).toEqual({ "EMAIL SENT": 600, "IN_APP SENT": 600, "SMS SENT": 600 });
  // Beside the run's own there may be those of schedules: a minute or an hour may begin meanwhile.
  const names = new Set(delivered.map(nameOf));
  for (const name of ["campaign-start", "campaign-plan", "campaign-page", "channel-send"])
    expect(names).toContain(name);
  for (const request of delivered) expect((await fetch(request.clone())).status).toBe(200);
  expect([await shop.ledger(run), await shop.messages()]).toEqual(before);
  expect(await shop.faults(run)).toEqual([]);
});

test("I9 the sweep finds messages that were lost, whichever they were, and the run completes", async () => {
  const seen = new Map<string, number>();
  const shop = await openShop({
    // Of every job the first message vanishes, and every third after it.
    deliver: async (request) => {
      const name = nameOf(request);
      const nth = seen.get(name) ?? 0;
      seen.set(name, nth + 1);
      return nth % 3 === 0 && name !== "sweep" ? new Response("lost") : fetch(request);
    },
  });
  await shop.members(1_000);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  for (let minutes = 0; minutes < 40 && (await shop.state(run)) !== "COMPLETED"; minutes++) {
    await until(() => shop.idle(), undefined, "the queue to be empty");
    shop.pass(61_000);
    await shop.sweep();
  }
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 1_000, "IN_APP SENT": 1_000 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I9 work whose outbox row is gone with its message is found, too", async () => {
  let losing = true;
  const shop = await openShop({
    deliver: async (request) => (losing && nameOf(request) !== "sweep" ? new Response("lost") : fetch(request)),
  });
  await shop.members(250);
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(() => shop.idle(), undefined, "the start to be lost");
  await shop.ctx.db.write([sql`DELETE FROM outbox`]);
  losing = false;
  await Promise.all([shop.sweep(), shop.sweep(), shop.sweep()]);
  await shop.becomes(run, "COMPLETED");
  expect((await shop.messages())["campaign-start"]).toBe(1);
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 250 });
});

test("I9 sweeping again and again during a run makes no message more", async () => {
  const shop = await openShop();
  await shop.members(2_000);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 100 });
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await shop.sent(run)) >= 200);
  shop.pass(120_000);
  let reissued = 0;
  for (let sweeps = 0; (await shop.state(run)) !== "COMPLETED"; sweeps++) {
    reissued += (await shop.sweep()).reissued;
    if (sweeps === 5) shop.pass(120_000);
  }
  expect(reissued).toBe(0);
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 2_000 });
  expect(await shop.faults(run)).toEqual([]);
});

/** A run of 500 members that has FAILED because a page and a batch of it could never be delivered; `cure` ends that. */
async function failedRun(env = {}): Promise<{ shop: Shop; run: number; cure: () => void }> {
  const poisoned = new Set(['{"run":1,"page":2}', '{"batch":1}']);
  const shop = await openShop({
    env,
    deliver: async (request) => {
      const body = await request.clone().text();
      if (!poisoned.has(body)) return fetch(request);
      return new Response("poison", { status: 489, headers: { "upstash-nonretryable-error": "true" } });
    },
  });
  await shop.members(500);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await shop.becomes(run, "FAILED");
  return { shop, run, cure: () => poisoned.clear() };
}

async function replayAll(shop: Shop): Promise<void> {
  for (const job of ["channel-send", "campaign-page"]) await replayDeadLetters(shop.ctx, { job, limit: 100 });
}

test("I12 a hopeless page and batch are parked, hold back nothing else, and replaying completes the run", async () => {
  const { shop, run, cure } = await failedRun();
  expect((await shop.ledger(run))["IN_APP SENT"]).toBe(400);
  shop.pass(120_000);
  await shop.sweep();
  const { letters } = accepted(await listDeadLetters(shop.ctx, { limit: 100 }));
  expect([await shop.state(run), letters.length]).toEqual(["FAILED", 2]);
  cure();
  await replayAll(shop);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 500, "IN_APP SENT": 500 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I12 a run whose only way on is parked is FAILED at once, and goes on when that is replayed", async () => {
  const { shop, run, cure } = await failedRun({ BATCH_WINDOW: "1" });
  expect(await shop.ledger(run)).toEqual({ "EMAIL PENDING": 400, "IN_APP SENT": 400 });
  cure();
  await replayAll(shop);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 500, "IN_APP SENT": 500 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I12 dead letters replayed while their campaign is paused wait for resuming", async () => {
  const { shop, run, cure } = await failedRun();
  await shop.pause(run);
  cure();
  await replayAll(shop);
  await until(() => shop.idle());
  expect([await shop.state(run), (await shop.ledger(run))["IN_APP SENT"]]).toEqual(["PAUSED", 400]);
  await shop.resume(run);
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 500, "IN_APP SENT": 500 });
});

test("a run with parked work can be cancelled, and adds up", async () => {
  const { shop, run, cure } = await failedRun();
  cure();
  await shop.cancel(run);
  await shop.becomes(run, "CANCELLED");
  const { "EMAIL SENT": sent = 0, "EMAIL CANCELLED": cancelled = 0, ...app } = await shop.ledger(run);
  expect(app).toEqual({ "IN_APP CANCELLED": 100, "IN_APP SENT": 400 });
  expect(sent + cancelled).toBe(500);
  expect(await shop.faults(run)).toEqual([]);
});

test("I12 dead letters replayed after their campaign was cancelled send nothing more", async () => {
  const { shop, run, cure } = await failedRun();
  const sent = await shop.sent(run);
  await shop.cancel(run);
  await shop.becomes(run, "FAILED");
  cure();
  await replayAll(shop);
  await shop.becomes(run, "CANCELLED");
  expect(await shop.sent(run)).toBe(sent);
  expect(await shop.faults(run)).toEqual([]);
});
