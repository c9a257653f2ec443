import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { openBroker } from "../../src/own-broker.ts";
import { hire } from "../support/operators.ts";
import { freePort } from "../support/port.ts";
import { act, messagesAbout, openMessages, queueMessage } from "../support/queue.ts";
import { closeShops, openShop, shopEnv } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  await closeShops();
  for (const stop of stops) await stop();
});

const nameOf = (request: Request) => request.url.split("/").at(-1) ?? "";

async function open(options: Parameters<typeof openShop>[0] = {}) {
  const shop = await openShop(options);
  const admin = await hire(shop, "kim", "admin");
  const verdicts = async (run: number) => (await openMessages(admin, run)).map(({ why }) => why.verdict);
  return { shop, admin, verdicts };
}

/** What deliveries of a job are answered, as long as `answer` gives one. */
function answering(job: string, answer: () => Response | Promise<Response> | undefined) {
  return async (request: Request) => (nameOf(request) === job ? answer() : undefined) ?? fetch(request);
}

test("a message of a paused flow says so, and goes on when the flow is resumed", async () => {
  const { shop, admin } = await open();
  await shop.members(300);
  expect(await act(admin, "pauseFlow", { flow: "pages" })).toMatchObject({ name: "pages", paused: true });
  const run = await shop.launched({ channels: ["IN_APP"] });
  const late = await until(async () => {
    const messages = await openMessages(admin, run);
    const held = messages.filter(({ why }) => why.verdict === "FLOW_PAUSED");
    return held.length === 2 && held[0];
  });
  expect(late).toMatchObject({
    job: "campaign-page",
    subject: `page/${run}/1`,
    payload: { run, page: 1 },
    flow: "pages",
    state: "WAITING",
    attempts: [],
    why: {
      summary: "The flow pages is paused; 2 of its messages wait.",
      advice: expect.stringContaining("resumeFlow"),
    },
  });
  expect(await act(admin, "resumeFlow", { flow: "pages" })).toMatchObject({ name: "pages", paused: false });
  await shop.becomes(run, "COMPLETED");
  expect(await openMessages(admin, run)).toEqual([]);
  const [done] = await messagesAbout(admin, `page/${run}/1`);
  expect(done).toMatchObject({
    state: "DELIVERED",
    attempts: [{ outcome: "DELIVERED" }],
    why: { verdict: "DELIVERED" },
  });
});

test("a message held back by a rate says how much of it is used and when it opens", async () => {
  const { shop, admin } = await open();
  await shop.members(300);
  const pinned = await act(admin, "setFlowLimits", { flow: "pages", rate: 1, periodSeconds: 3_600 });
  expect(pinned).toMatchObject({ rate: { most: 1, periodSeconds: 3_600 }, pinned: true });
  const run = await shop.launched({ channels: ["IN_APP"] });
  const { why } = (await until(async () =>
    (await openMessages(admin, run)).find((late) => late.why.verdict === "THROTTLED"),
  ))!;
  expect(why.advice).toContain("clearFlowLimits");
  expect(why.summary).toContain("The flow pages may begin 1 deliveries in 3600 s and has");
  expect(Date.parse(why.until ?? "")).toBeGreaterThan(Date.now());
  const cleared = await act(admin, "clearFlowLimits", { flow: "pages" });
  expect(cleared).toMatchObject({ parallelism: 8, pinned: false });
  await shop.becomes(run, "COMPLETED");
});

test("a message that waits for a place among its flow's deliveries says how many are taken", async () => {
  const gate = Promise.withResolvers<void>();
  const { shop, admin } = await open({
    deliver: answering("campaign-page", () => gate.promise.then(() => new Response("again", { status: 500 }))),
    env: { QUEUE_RETRIES: "1" },
  });
  await shop.members(300);
  await act(admin, "setFlowLimits", { flow: "pages", parallelism: 1 });
  const run = await shop.launched({ channels: ["IN_APP"] });
  const seen = async (verdict: string) => (await openMessages(admin, run)).find(({ why }) => why.verdict === verdict);
  const waiting = await until(() => seen("THROTTLED"));
  const running = await until(() => seen("RUNNING"));
  expect(running).toMatchObject({ attempts: [{ outcome: "RUNNING" }], why: { verdict: "RUNNING" } });
  expect(running?.why.summary).toMatch(/^Attempt 1 has been with campaign-page since 20/);
  expect(waiting?.why.summary).toBe("All 1 deliveries that the flow pages may make at once are under way. 1 wait.");
  gate.resolve();
});

test("a message that failed says how, when it is tried next, and is tried at once when told so", async () => {
  let failing = true;
  const fault = () => (failing ? new Response("the disk is full", { status: 507 }) : undefined);
  const { shop, admin } = await open({ deliver: answering("campaign-page", fault) });
  await shop.members(200);
  const run = await shop.launched({ channels: ["IN_APP"] });
  const late = (await until(async () => (await openMessages(admin, run)).find(({ state }) => state === "RETRYING")))!;
  expect(late).toMatchObject({
    attempts: [{ outcome: "FAILED", status: 507, answer: "the disk is full", nextAt: expect.any(String) }],
    why: { verdict: "RETRYING", advice: expect.stringContaining("retryMessage") },
  });
  expect(late.why.summary).toContain("Attempt 1 failed (507 the disk is full); the next is at 20");
  expect(Date.parse(late.why.until ?? "")).toBeGreaterThan(Date.now());

  failing = false;
  const fresh = await act(admin, "retryMessage", { messageId: late.messageId });
  expect(fresh).toMatchObject({ __typename: "QueueMessage", subject: late.subject });
  expect(fresh.messageId).not.toBe(late.messageId);
  await shop.becomes(run, "COMPLETED");
  expect(await queueMessage(admin, late.messageId)).toMatchObject({
    state: "CANCELLED",
    why: { verdict: "CANCELLED" },
  });
  expect(await act(admin, "retryMessage", { messageId: late.messageId })).toMatchObject({
    refusal: "WRONG_STATE",
    currentState: "CANCELLED",
  });
  expect(await shop.messages()).toMatchObject({ "campaign-page": 2 }); // and no third;
});

test("a message that is meant for later says for when", async () => {
  const { shop, admin } = await open();
  await shop.members(10);
  const startsAt = Date.now() + 3_600_000;
  const run = await shop.launched({ channels: ["IN_APP"], startsAt });
  const late = (await until(async () => (await openMessages(admin, run)).find(({ state }) => state === "WAITING")))!;
  expect(late).toMatchObject({ job: "campaign-start", subject: `start/${run}`, flow: "default" });
  expect(late.why).toMatchObject({ verdict: "DELAYED", until: new Date(startsAt).toISOString() });
  expect(await act(admin, "retryMessage", { messageId: late.messageId })).toMatchObject({ refusal: "WRONG_STATE" });
});

test("a message that the queue, being down, has not taken says so with the queue's own words", async () => {
  const dataDir = tempDir();
  const env = { BROKER: "own-process", BROKER_PORT: String(freePort()) };
  const broker = () => openBroker(shopEnv(dataDir, env), () => {});
  const first = await broker();
  const { shop, admin } = await open({ env, dataDir });
  await shop.members(10);
  await first.stop();
  const run = await shop.launched({ channels: ["IN_APP"] });
  const late = (await until(async () =>
    (await openMessages(admin, run)).find(({ why }) => why.summary.includes("asked again")),
  ))!;
  expect(late).toMatchObject({ state: "OUTBOX", subject: `start/${run}`, why: { verdict: "WAITING_IN_OUTBOX" } });
  expect(late.why.summary).toStartWith("The queue takes no messages: ");
  const status = "queueStatus { error outbox { waiting oldestAt error pausedUntil } queue { inFlight { running } } }";
  const { queueStatus } = await until(async () => {
    const read = await admin.get(`{ ${status} }`);
    return read.queueStatus.outbox.pausedUntil && read;
  });
  expect(queueStatus).toMatchObject({ queue: null, outbox: { waiting: 1, oldestAt: late.createdAt } });
  expect(queueStatus.error).toBeString();
  expect(queueStatus.outbox.error).toBeString();

  const second = await broker();
  stops.push(() => second.stop());
  await shop.becomes(run, "COMPLETED");
  await until(async () => (await admin.get(`{ ${status} }`)).queueStatus.outbox.waiting === 0);
  expect((await admin.get(`{ ${status} }`)).queueStatus).toEqual({
    error: null,
    outbox: { waiting: 0, oldestAt: null, error: null, pausedUntil: null },
    queue: { inFlight: { running: expect.any(Number) } },
  });
});

test("a message that the queue refuses says why, is offered again when told so, and can be dropped", async () => {
  const { shop, admin } = await open();
  const tooLarge = sql`'{"run":"' || hex(zeroblob(600000)) || '"}'`;
  await shop.ctx.db.write([
    sql`INSERT INTO outbox (id, name, payload, subject, created_at) VALUES ('u1', 'campaign-start', ${tooLarge},
      'start/u1', ${Date.now()})`,
  ]);
  const late = (await until(async () =>
    (await messagesAbout(admin, "start/u1")).find(({ why }) => why.until !== null),
  ))!;
  expect(late).toMatchObject({ messageId: "u1", state: "OUTBOX", why: { verdict: "WAITING_IN_OUTBOX" } });
  expect(late.why.summary).toStartWith("The queue refused it: ");
  expect(await act(admin, "retryMessage", { messageId: "u1" })).toMatchObject({ __typename: "QueueMessage" });
  expect(await act(admin, "cancelMessage", { messageId: "u1" })).toMatchObject({ queueState: "CANCELLED" });
  expect(await act(admin, "cancelMessage", { messageId: "u1" })).toMatchObject({ refusal: "NOT_FOUND" });
});

test("a dead message names its letter, and what the log tells of it once that is replayed is its past", async () => {
  let failing = true;
  const fault = () => (failing ? new Response("no", { status: 500 }) : undefined);
  const { shop, admin } = await open({ deliver: answering("campaign-page", fault), env: { QUEUE_RETRIES: "0" } });
  await shop.members(200);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  const [late] = await openMessages(admin, run);
  expect(late?.why).toMatchObject({
    verdict: "DEAD",
    summary: "It was tried once, the last time in vain (500 no), and is given up.",
  });
  failing = false;
  expect(await act(admin, "replayDeadLetter", { letterId: late?.why.letterId })).toMatchObject({
    __typename: "DeadLetter",
  });
  await shop.becomes(run, "COMPLETED");
  const [replayed, dead] = await messagesAbout(admin, `page/${run}/1`);
  expect(replayed).toMatchObject({ state: "DELIVERED" });
  expect(dead).toMatchObject({ messageId: late?.messageId, why: { verdict: "DEAD", letterId: null } });
  expect(dead?.why.summary).toContain("Its dead letter is gone");
});

test("a message that was cancelled says so, and the sweep publishes its work anew", async () => {
  const { shop, admin, verdicts } = await open();
  await shop.members(200);
  await act(admin, "pauseFlow", { flow: "pages" });
  const run = await shop.launched({ channels: ["IN_APP"] });
  await until(async () => (await verdicts(run))[0] === "FLOW_PAUSED");
  const [late] = await openMessages(admin, run);
  const messageId = late?.messageId ?? "";
  expect(await act(admin, "cancelMessage", { messageId })).toMatchObject({ queueState: "CANCELLED" });
  expect(await act(admin, "cancelMessage", { messageId })).toMatchObject({ queueState: "CANCELLED" });
  expect((await openMessages(admin, run))[0]).toMatchObject({ messageId, why: { verdict: "CANCELLED" } });
  await act(admin, "resumeFlow", { flow: "pages" });
  shop.pass(61_000);
  await shop.sweep();
  await shop.becomes(run, "COMPLETED");
  expect(await shop.messages()).toMatchObject({ "campaign-page": 2 });
});

test("a message that the queue has lost is UNKNOWN", async () => {
  const { shop, admin } = await open();
  await shop.ctx.db.write([
    sql`INSERT INTO outbox (id, name, payload, subject, created_at, published_at, message_id)
      VALUES ('u2', 'campaign-page', '{"run":1,"page":2}', 'page/1/2', 1, 1, 'msg_gone')`,
  ]);
  const [lost] = await messagesAbout(admin, "page/1/2");
  expect(lost).toMatchObject({ messageId: "msg_gone", state: "UNKNOWN", why: { verdict: "UNKNOWN" } });
  expect(await queueMessage(admin, "u2")).toMatchObject({ state: "UNKNOWN" });
});
