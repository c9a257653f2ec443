import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { cancelCampaign } from "../../src/campaign/control/cancel.ts";
import { parkPlanning } from "../../src/campaign/run/parking.ts";
import { memberUnsubscribed } from "../../src/member/events.ts";
import { wishStatements } from "../../src/member/opt-out.ts";
import { setConsent } from "../../src/member/set-consent.ts";
import { upsertMembers } from "../../src/member/upsert.ts";
import { listDeadLetters } from "../../src/operations/queue/dead-letter.ts";
import { replayDeadLetters } from "../../src/operations/queue/replay.ts";
import { eventGroup } from "../../src/queue/event/group.ts";
import { createWebhook } from "../../src/webhook/webhook.ts";
import { startHrana } from "../support/hrana.ts";
import { idOf } from "../support/operators.ts";
import { startReceiver, verifies } from "../support/receiver.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const stops: (() => unknown)[] = [closeShops];
afterAll(async () => {
  for (const stop of stops) await stop();
});

function receiver() {
  const made = startReceiver();
  stops.push(() => made.stop());
  return made;
}

interface Recorded {
  readonly seq: number;
  readonly type: string;
  readonly subject: string;
  readonly data: string;
}
const recorded = (shop: Shop) =>
  shop.ctx.db.all<Recorded>(sql`SELECT seq, type, subject, data FROM event ORDER BY seq`);
const types = async (shop: Shop) => (await recorded(shop)).map(({ type, subject }) => `${type} ${subject}`);
const cursor = async (shop: Shop) =>
  (await shop.ctx.db.first<{ cursor: number }>(sql`SELECT cursor FROM consumer WHERE name = 'webhooks'`))?.cursor;
const nameOf = (request: Request) => request.url.split("/").at(-1) ?? "";

test("a run's end reaches the shop's own server, signed, with sums that add up, and once", async () => {
  const shop = await openShop();
  const there = receiver();
  const { secret } = accepted(await createWebhook(shop.ctx, { url: there.url }));
  await shop.members(250, { consent: "i % 5 > 0" });
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await until(() => there.received.length > 0);
  const got = there.received[0]!;
  expect(verifies(secret, got)).toBe(true);
  expect(got.body).toMatchObject({
    type: "run.completed",
    version: 1,
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect(got.body.data).toMatchObject({
    runId: idOf("Run", run),
    campaignId: idOf("Campaign", 1),
    matched: 250,
    channels: [
      { channel: "EMAIL", sent: 200, skipped: 50, failed: 0, cancelled: 0, unknown: 0, open: 0 },
      { channel: "IN_APP", sent: 250, skipped: 0, failed: 0, cancelled: 0, unknown: 0, open: 0 },
    ],
  });
  await until(() => shop.idle());
  await shop.sweep();
  expect([there.received.length, await types(shop)]).toEqual([1, [`run.completed run/${run}`]]);
});

test("however a run ends is one event: failed, completed after all, cancelled midway or before it began", async () => {
  const shop = await openShop();
  await shop.members(20);
  const later = { channels: ["IN_APP"] as const, startsAt: Date.now() + 3_600_000 };
  const run = await shop.launched({ ...later, channels: ["IN_APP"] });
  await shop.ctx.db.write([sql`UPDATE run SET state = 'RUNNING', frozen = '{}' WHERE id = ${run}`]);
  await parkPlanning(shop.ctx, { run });
  await parkPlanning(shop.ctx, { run });
  const waiting = await shop.launched({ ...later, channels: ["IN_APP"] });
  await shop.cancel(waiting);
  expect(await types(shop)).toEqual([`run.failed run/${run}`, `run.cancelled run/${waiting}`]);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 200 });
  const underWay = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await shop.state(underWay)) === "RUNNING");
  await shop.cancel(underWay);
  await shop.becomes(underWay, "CANCELLED");
  expect((await types(shop)).slice(2)).toEqual([`run.cancelled run/${underWay}`]);
  expect(await cancelCampaign(shop.ctx, { id: 2 })).toMatchObject({ code: "WRONG_STATE" });
  expect(await types(shop)).toHaveLength(3);
});

test("a consent withdrawn is one event, whichever way the word came; repeats are none, no address told", async () => {
  const shop = await openShop();
  await shop.members(4);
  const { db, clock } = shop.ctx;
  const say = (n: number, granted: boolean, topic?: string) =>
    setConsent(shop.ctx, { member: { seq: n }, channel: "EMAIL", topic, granted });
  await say(1, false);
  await say(1, false);
  await say(1, true);
  await say(2, false, "sale");
  const stop = { channel: "SMS", wish: "stop", phone: "+491510000003", now: clock(), guard: sql`1` } as const;
  await db.write([sql`UPDATE member SET phone = '+491510000003' WHERE seq = 3`]);
  await db.write(wishStatements(stop));
  await db.write(wishStatements(stop));
  const word = { channel: "EMAIL", granted: false };
  await upsertMembers(shop.ctx, [
    { externalId: "x4", consent: [word] },
    { externalId: "new", consent: [word] },
  ]);
  await upsertMembers(shop.ctx, [{ externalId: "x4", consent: [word] }]);
  const all = await recorded(shop);
  expect(all.map(({ type }) => type)).toEqual(Array(4).fill("member.unsubscribed"));
  expect(all.map(({ data }) => memberUnsubscribed.schema.parse(JSON.parse(data)))).toEqual([
    { member: "m_1", channel: "EMAIL", topic: "*" },
    { member: "m_2", channel: "EMAIL", topic: "sale" },
    { member: "m_3", channel: "SMS", topic: "*" },
    { member: "m_4", channel: "EMAIL", topic: "*" },
  ]);
  expect(JSON.stringify(all)).not.toMatch(/shop\.test|\+49/);
  await until(async () => (await cursor(shop)) === 4);
});

test("I10 announcements delivered twice and late change nothing; those that are lost the sweep finds", async () => {
  const held: Request[] = [];
  let losing = false;
  const shop = await openShop({
    deliver: async (request) => {
      if (nameOf(request) !== "event-webhooks") return fetch(request);
      held.push(request.clone());
      if (losing) return new Response("lost");
      const [first] = await Promise.all([fetch(request.clone()), fetch(request)]);
      return first;
    },
  });
  const there = receiver();
  accepted(await createWebhook(shop.ctx, { url: there.url, types: ["member.unsubscribed"] }));
  await shop.members(30);
  const withdraw = (n: number) => setConsent(shop.ctx, { member: { seq: n }, channel: "EMAIL", granted: false });
  for (let n = 1; n <= 10; n++) await withdraw(n);
  await until(() => there.received.length >= 10);
  losing = true;
  for (let n = 11; n <= 20; n++) await withdraw(n);
  await until(() => shop.idle());
  losing = false;
  expect(await cursor(shop)).toBe(10);
  expect(await shop.sweep()).toEqual({ reissued: 0 }); // too young to be called lost
  shop.pass(61_000);
  expect(await shop.sweep()).toEqual({ reissued: 1 });
  await until(() => there.received.length >= 20);
  for (const request of held.reverse()) await fetch(request);
  await until(() => shop.idle());
  expect(new Set(there.received.map(({ body }) => body.data.externalId)).size).toBe(20);
  expect([there.received.length, await cursor(shop)]).toEqual([20, 20]);
});

test("I12 events that cannot be dealt with are parked as a dead letter, later ones flow, replaying heals", async () => {
  const shop = await openShop({ env: { QUEUE_RETRIES: "0" } });
  const there = receiver();
  accepted(await createWebhook(shop.ctx, { url: there.url }));
  await shop.members(5);
  const withdraw = (n: number) => setConsent(shop.ctx, { member: { seq: n }, channel: "EMAIL", granted: false });
  await shop.ctx.db.write([
    sql`
      CREATE TRIGGER poison BEFORE INSERT ON webhook_delivery WHEN NEW.event = 2
      BEGIN SELECT RAISE(ABORT, 'poison'); END`,
  ]);
  await withdraw(1);
  await until(() => there.received.length === 1);
  await withdraw(2);
  await until(async () => (await cursor(shop)) === 2);
  await withdraw(3);
  await until(() => there.received.length === 2);
  const { letters } = accepted(await listDeadLetters(shop.ctx, { limit: 10 }));
  expect(letters).toMatchObject([{ job: "event-webhooks", payload: { from: 2, to: 2 } }]);
  shop.pass(120_000);
  expect(await shop.sweep()).toEqual({ reissued: 0 });
  await shop.ctx.db.write([sql`DROP TRIGGER poison`]);
  await replayDeadLetters(shop.ctx, { job: "event-webhooks", limit: 10 });
  await until(() => there.received.length === 3);
  expect(there.received.map(({ body }) => body.data.externalId)).toEqual(["x1", "x3", "x2"]);
  expect(await shop.ctx.db.all(sql`SELECT * FROM parked_range`)).toEqual([]);
});

test("I9 an attempt whose message was lost is found by the sweep; one waiting for its time is left alone", async () => {
  let losing = true;
  const shop = await openShop({
    deliver: async (request) => (losing && nameOf(request) === "webhook-send" ? new Response("lost") : fetch(request)),
  });
  const there = receiver();
  there.answer = () => new Response(null, { status: 503, headers: { "retry-after": "3600" } });
  accepted(await createWebhook(shop.ctx, { url: there.url }));
  await shop.members(1);
  await setConsent(shop.ctx, { member: { seq: 1 }, channel: "EMAIL", granted: false });
  await until(async () => (await shop.messages())["webhook-send"] === 1);
  await until(() => shop.idle());
  losing = false;
  shop.pass(70_000);
  expect(await shop.sweep()).toEqual({ reissued: 1 });
  await until(() => there.received.length === 1);
  await until(async () => (await shop.messages())["webhook-send"] === 3); // the next attempt, in an hour
  shop.pass(600_000);
  expect(await shop.sweep()).toEqual({ reissued: 0 });
});

test("an endpoint that does not answer holds up no other", async () => {
  const shop = await openShop();
  const [deaf, well] = [receiver(), receiver()];
  const silence = Promise.withResolvers<Response>();
  deaf.answer = () => silence.promise;
  for (const { url } of [deaf, well]) accepted(await createWebhook(shop.ctx, { url }));
  await shop.members(40);
  const words = Array.from({ length: 40 }, (_, i) => ({
    externalId: `x${i + 1}`,
    consent: [{ channel: "EMAIL", granted: false }],
  }));
  await upsertMembers(shop.ctx, words);
  await until(() => well.received.length === 40);
  expect(deaf.received.length).toBeLessThanOrEqual(5);
  expect((await shop.messages()).events).toBe(1);
  silence.resolve(new Response());
  await until(() => deaf.received.length === 40);
});

test("on a remote database, too, a run's end is one event, also where the answer to its commit is lost", async () => {
  const server = await startHrana(join(tempDir(), "remote.db"));
  stops.push(() => server.stop());
  const shop = await openShop({ env: { DATABASE_URL: server.url, QUEUE_RETRIES: "20" } });
  await shop.members(300);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  const losing = setInterval(() => server.loseNextAnswer(), 30); // some answers get through
  await Bun.sleep(500); // so long it goes on
  clearInterval(losing);
  await shop.state(run).catch(() => {}); // the last answer to be lost may be this one
  await shop.endsSoon(run);
  expect(await types(shop)).toEqual([`run.completed run/${run}`]);
  await until(async () => (await cursor(shop)) === 1);
});

test("starting makes the URL group hold the consumers that there are", async () => {
  const shop = await openShop();
  const { client, settings } = shop.app.queue;
  const group = await client.urlGroups.get(eventGroup(settings));
  expect(group.endpoints.map(({ url }) => url)).toEqual([`${settings.jobsUrl}/event-webhooks`]);
});
