import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { RootDatabase } from "../../src/db/client.ts";
import { jobs } from "../../src/domains.ts";
import type { EventConsumer, Job, JobContext } from "../../src/jobs/job.ts";
import { webhookConsumers, webhookJobs } from "../../src/jobs/webhook.ts";
import { memberUnsubscribed } from "../../src/member/events.ts";
import { registerConsumers } from "../../src/queue/event/consumer.ts";
import { announceEvents, record } from "../../src/queue/event/event.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import {
  deliveriesById,
  listDeliveries,
  resendDelivery,
  retrySchedule,
  testWebhook,
} from "../../src/webhook/delivery.ts";
import { parkDelivery, setbackOfDelivery, unparkDelivery } from "../../src/webhook/parking.ts";
import { webhookKeeps } from "../../src/webhook/sweep.ts";
import {
  createWebhook,
  deleteWebhook,
  rotateWebhookSecret,
  updateWebhook,
  type WebhookDraft,
  webhooksById,
} from "../../src/webhook/webhook.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { type Receiver, startReceiver, verifies } from "../support/receiver.ts";
import { accepted } from "../support/shop.ts";
import { until } from "../support/wait.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

const [webhookSendJob] = webhookJobs as [Job];
const [eventWebhooks] = webhookConsumers as [EventConsumer];

const hour = 3_600_000;

/** The domain and its jobs on a clock of their own; each message that they leave is delivered at its time. */
class World {
  now = Date.now();
  readonly ctx: JobContext;
  #seen = 0;
  #waiting: { name: string; payload: { delivery: number }; at: number }[] = [];

  constructor(readonly db: RootDatabase) {
    this.ctx = { ...testContext(db), clock: () => this.now, random: () => 0, senders: {} as never, jobs };
  }

  static async begin(): Promise<World> {
    const db = await openTestDatabase();
    stops.push(() => db.close());
    const world = new World(db);
    await registerConsumers(world.ctx, [eventWebhooks.consumer]);
    return world;
  }

  receiver(): Receiver {
    const there = startReceiver();
    stops.push(() => there.stop());
    return there;
  }

  async webhook(there: Receiver, draft: Partial<WebhookDraft> = {}) {
    const { webhook, secret } = accepted(await createWebhook(this.ctx, { url: there.url, ...draft }));
    return { id: webhook.id, secret };
  }

  /** Something happens, `n` times. */
  async happen(n = 1): Promise<void> {
    const data = { member: "m_1", channel: "EMAIL", topic: "*" } as const;
    await this.db.write([
      record(
        Array.from({ length: n }, () => memberUnsubscribed.of("member/m_1", data)),
        this.now,
      ),
    ]);
    await announceEvents(this.ctx);
    await this.deliver();
  }

  /** Delivers what is due. */
  async deliver(): Promise<void> {
    for (;;) {
      await this.#collect();
      const next = this.#waiting.findIndex(({ at }) => at <= this.now);
      const [message] = next < 0 ? [] : this.#waiting.splice(next, 1);
      if (!message) return;
      const job = message.name === webhookSendJob.name ? webhookSendJob : eventWebhooks.job;
      expect(await job.run(this.ctx, message.payload)).toEqual({ kind: "done" });
    }
  }

  /** When the next message comes, from now, in seconds; nothing when none is left. */
  async next(): Promise<number | undefined> {
    await this.#collect();
    const first = Math.min(...this.#waiting.map(({ at }) => at));
    return Number.isFinite(first) ? Math.round((first - this.now) / 1_000) : undefined;
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    await this.deliver();
  }

  async deliveries(webhook = 1) {
    return listDeliveries(this.ctx, { webhook, limit: 100 });
  }

  async states(webhook = 1): Promise<string[]> {
    return (await this.deliveries(webhook)).map(({ state, attempts, status }) => `${state} ${attempts} ${status}`);
  }

  async #collect(): Promise<void> {
    const rows = await this.db.all<{ seq: number; name: string; payload: string; at: number | null }>(
      sql`SELECT seq, name, payload, not_before AS at FROM outbox WHERE seq > ${this.#seen} ORDER BY seq`,
    );
    for (const { seq, name, payload, at } of rows) {
      this.#seen = seq;
      this.#waiting.push({ name, payload: JSON.parse(payload), at: at ?? 0 });
    }
  }
}

test("each event is one message to each endpoint that wants it and was there when it happened", async () => {
  const world = await World.begin();
  const [all, some, other, off] = [world.receiver(), world.receiver(), world.receiver(), world.receiver()];
  await world.happen();
  await world.webhook(all);
  await world.webhook(some, { types: ["member.unsubscribed", "run.failed"] });
  await world.webhook(other, { types: ["run.completed"] });
  await world.webhook(off, { enabled: false });
  await world.pass(1);
  await world.happen(3);
  expect([all, some, other, off].map(({ received }) => received.length)).toEqual([3, 3, 0, 0]);
  expect(new Set([...all.received, ...some.received].map(({ id }) => id)).size).toBe(6);
  expect(await world.states()).toEqual(Array(3).fill("DONE 1 204"));
});

test("what was taken is not sent again, however often its message comes", async () => {
  const world = await World.begin();
  const there = world.receiver();
  await world.webhook(there);
  await world.happen();
  await Promise.all([1, 2, 3].map(() => webhookSendJob.run(world.ctx, { delivery: 1 })));
  await eventWebhooks.job.run(world.ctx, { from: 1, to: 1 });
  await world.deliver();
  expect(there.received).toHaveLength(1);
});

test("a failure is tried again as Standard Webhooks says, the same id and body, and then given up", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { secret } = await world.webhook(there);
  there.answer = () => new Response("no", { status: 500 });
  await world.happen();
  const pauses: number[] = [];
  for (let next = await world.next(); next !== undefined; next = await world.next()) {
    pauses.push(next);
    await world.pass(next * 1_000);
  }
  expect(pauses).toEqual([...retrySchedule]);
  expect(await world.states()).toEqual(["FAILED 10 500"]);
  expect(new Set(there.received.map(({ id, text }) => id + text)).size).toBe(1);
  expect(there.received.every((one) => verifies(secret, one))).toBe(true);
  expect(there.received.at(-1)?.at).toBeGreaterThan(world.now - 2_000);
});

test("a receiver that comes back is told, and one that asks for patience gets it", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { id } = await world.webhook(there);
  there.answer = () => new Response(null, { status: 429, headers: { "retry-after": "600" } });
  await world.happen();
  expect(await world.next()).toBe(600);
  expect((await webhooksById(world.ctx, [id]))[0]?.failingSince).not.toBeNull();
  const said = "The endpoint did not take it";
  expect(await setbackOfDelivery(world.ctx, { delivery: 1 })).toMatchObject({ said, times: 1 });
  there.answer = () => new Response();
  await world.pass(590_000);
  expect(there.received).toHaveLength(1);
  await world.pass(10_000);
  expect(await world.states()).toEqual(["DONE 2 200"]);
  expect(await setbackOfDelivery(world.ctx, { delivery: 1 })).toBeUndefined();
  expect((await webhooksById(world.ctx, [id]))[0]?.failingSince).toBeNull();
});

test("two deliveries of one failed attempt leave one message for the next", async () => {
  const world = await World.begin();
  const there = world.receiver();
  await world.webhook(there);
  const both = Promise.withResolvers<void>();
  there.answer = async () => {
    if (there.received.length === 2) both.resolve();
    await both.promise;
    return new Response(null, { status: 500 });
  };
  const happened = world.happen();
  await until(() => there.received.length > 0);
  await webhookSendJob.run(world.ctx, { delivery: 1 });
  await happened;
  expect(await world.states()).toEqual(["PENDING 1 500"]);
  expect(await world.db.all(sql`SELECT 1 FROM outbox WHERE not_before IS NOT NULL`)).toHaveLength(1);
});

test("an endpoint that is gone is disabled at once, with a note; what is on its way is not sent", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { id } = await world.webhook(there);
  there.answer = () => new Response(null, { status: there.received.length === 1 ? 500 : 410 });
  await world.happen();
  await world.happen();
  expect((await webhooksById(world.ctx, [id]))[0]?.enabled).toBe(false);
  expect((await historyOf(world.ctx, subjectOf("webhook", id))).map(({ what }) => what)).toEqual([
    "disabled: it answered 410 Gone",
    "created",
  ]);
  await world.pass(hour);
  await world.happen();
  expect(there.received).toHaveLength(2);
  const [second, first] = await world.deliveries();
  expect([second?.status, first?.state, first?.error]).toEqual([410, "FAILED", "the endpoint is disabled"]);
});

test("an endpoint that takes nothing for five days is disabled; enabled, it is sent what failed", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { id } = await world.webhook(there);
  there.answer = () => new Response(null, { status: 502 });
  await world.happen();
  for (let day = 0; day < 4; day++) await world.pass(24 * hour);
  await world.happen();
  expect((await webhooksById(world.ctx, [id]))[0]?.enabled).toBe(true);
  await world.pass(24 * hour);
  expect((await webhooksById(world.ctx, [id]))[0]?.enabled).toBe(false);
  expect((await historyOf(world.ctx, subjectOf("webhook", id)))[0]?.what).toBe(
    "disabled: it took nothing for five days",
  );
  expect(await resendDelivery(world.ctx, { id: 1 })).toMatchObject({ code: "WRONG_STATE" });
  there.answer = () => new Response();
  expect(accepted(await updateWebhook(world.ctx, { id, draft: { enabled: true } })).failingSince).toBeNull();
  const before = there.received.length;
  const message = (await deliveriesById(world.ctx, [1]))[0]?.message;
  accepted(await resendDelivery(world.ctx, { id: 1 }));
  await world.deliver();
  expect(there.received.slice(before).map((one) => one.id)).toEqual([message ?? ""]);
});

test("while a secret is changed over both sign; after a day only the new one does", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { id, secret: old } = await world.webhook(there);
  const { secret: fresh } = accepted(await rotateWebhookSecret(world.ctx, { id }));
  await world.happen();
  await world.pass(24 * hour);
  await world.happen();
  expect(there.received.map((one) => [verifies(fresh, one), verifies(old, one)])).toEqual([
    [true, true],
    [true, false],
  ]);
});

test("a delivery whose secret was sealed under another LINK_SECRET fails and says what to do", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { id } = await world.webhook(there);
  Object.assign(world.ctx, { settings: { ...world.ctx.settings, linkSecret: "another" } });
  await world.happen();
  expect(there.received).toEqual([]);
  const [delivery] = await listDeliveries(world.ctx, { webhook: id, limit: 1 });
  expect(delivery?.error).toContain("rotate the secret");
  accepted(await rotateWebhookSecret(world.ctx, { id }));
  await world.happen();
  expect(there.received).toHaveLength(1);
});

test("a test is posted once, to a disabled endpoint, too, and counts for nothing", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { id, secret } = await world.webhook(there, { enabled: false });
  there.answer = () => new Response(null, { status: 410 });
  accepted(await testWebhook(world.ctx, { id }));
  await world.deliver();
  expect(there.received.map((one) => [one.body.type, verifies(secret, one)])).toEqual([["webhook.test", true]]);
  expect([await world.states(), await world.next()]).toEqual([["FAILED 1 410"], undefined]);
  expect((await webhooksById(world.ctx, [id]))[0]).toMatchObject({ failingSince: null });
  expect((await historyOf(world.ctx, subjectOf("webhook", id))).map(({ what }) => what)).toEqual(["tested", "created"]);
  expect(await testWebhook(world.ctx, { id: 99 })).toMatchObject({ code: "NOT_FOUND" });
});

test("a deleted endpoint is told of nothing more", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const { id } = await world.webhook(there);
  there.answer = () => new Response(null, { status: 500 });
  await world.happen();
  accepted(await deleteWebhook(world.ctx, { id }));
  await world.pass(hour);
  await world.happen();
  expect([there.received.length, await world.states()]).toEqual([1, ["FAILED 1 500"]]);
  expect(await resendDelivery(world.ctx, { id: 1 })).toMatchObject({ code: "WRONG_STATE", currentState: "DELETED" });
});

test("a delivery whose message the queue gave up waits for its dead letter to be replayed", async () => {
  const world = await World.begin();
  const there = world.receiver();
  await world.webhook(there);
  await world.db.write([
    sql`INSERT INTO webhook_delivery (webhook, message, type, body, state, due_at, created_at)
      VALUES (1, 'msg_x', 'x', '{}', 'PENDING', 0, 0)`,
  ]);
  await parkDelivery(world.ctx, { delivery: 1 });
  expect(await webhookSendJob.run(world.ctx, { delivery: 1 })).toEqual({ kind: "done" });
  expect(there.received).toHaveLength(0);
  await unparkDelivery(world.ctx, { delivery: 1 });
  await webhookSendJob.run(world.ctx, { delivery: 1 });
  expect(await world.states()).toEqual(["DONE 1 204"]);
});

test("deliveries are forgotten after thirty days, those that are still on their way not", async () => {
  const world = await World.begin();
  const there = world.receiver();
  await world.webhook(there);
  await world.happen(3);
  await world.db.write([
    sql`UPDATE webhook_delivery SET state = 'PENDING' WHERE id < 3`,
    sql`UPDATE webhook_delivery SET id = 30000 WHERE id = 3`,
  ]);
  await world.pass(29 * 24 * hour);
  await webhookKeeps[0]?.forget({ ...world.ctx, clock: () => world.now });
  expect(await world.deliveries()).toHaveLength(3);
  await webhookKeeps[0]?.forget({ ...world.ctx, clock: () => world.now + 2 * 24 * hour });
  expect((await world.deliveries()).map(({ id }) => id).sort()).toEqual([1, 2]);
});

test("an endpoint is not told of what happened before it was there, however late that is dealt with", async () => {
  const world = await World.begin();
  const there = world.receiver();
  const data = { member: "m_1", channel: "EMAIL", topic: "*" } as const;
  await world.db.write([record([memberUnsubscribed.of("member/m_1", data)], world.now)]);
  world.now += 1;
  await world.webhook(there);
  await world.happen();
  expect(await world.states()).toEqual(["DONE 1 204"]);
});

test("a message that comes before its time sends nothing", async () => {
  const world = await World.begin();
  const there = world.receiver();
  await world.webhook(there);
  there.answer = () => new Response("", { status: 500 });
  await world.happen();
  await webhookSendJob.run(world.ctx, { delivery: 1 });
  expect(await world.states()).toEqual(["PENDING 1 500"]);
});

test("an address that may no longer be called is not, and the delivery says so", async () => {
  const world = await World.begin();
  const there = world.receiver();
  await world.webhook(there);
  const inProduction = { ...world.ctx, settings: { ...world.ctx.settings, httpsOnly: true } };
  accepted(await testWebhook(world.ctx, { id: 1 }));
  await webhookSendJob.run(inProduction, { delivery: 1 });
  const [delivery] = await world.deliveries();
  expect(delivery).toMatchObject({ state: "FAILED", attempts: 0, error: "its address must begin with https://" });
});
