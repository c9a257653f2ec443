import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

const failing = (status = 500, headers: Record<string, string> = {}) =>
  destination(() => new Response("out of order", { status, headers }));

test("a message without retries left goes to the dead letters with its last answer", async () => {
  const shop = failing(503, { "x-reason": "tired" });
  const { client, backlog } = await broker();
  const { messageId } = await client.publishJSON({ url: `${shop.url}/a`, body: { n: 1 }, retries: 0, label: "orders" });
  await until(() => backlog() === 0);
  const { messages } = await client.dlq.listMessages();
  expect(messages).toMatchObject([
    {
      messageId,
      url: `${shop.url}/a`,
      method: "POST",
      body: '{"n":1}',
      maxRetries: 0,
      label: "orders",
      responseStatus: 503,
      responseBody: "out of order",
      header: { "Content-Type": ["application/json"] },
    },
  ]);
  expect(messages[0]?.responseHeader?.["X-Reason"]).toEqual(["tired"]);
  expect(messages[0]?.dlqId).toMatch(/^\d+-\d+$/);
});

test("status 489 with Upstash-NonRetryable-Error goes to the dead letters at once, without it it is retried", async () => {
  const final = failing(489, { "Upstash-NonRetryable-Error": "true" });
  const other = failing(489);
  const { client, events } = await broker();
  await client.publish({ url: final.url, retries: 3 });
  await until(() => events.includes("broker.dead"));
  await client.publish({ url: other.url, retries: 3 });
  await until(() => events.includes("broker.retried"));
  expect(final.deliveries.length).toBe(1);
});

test("Retry-After is heeded: in seconds, as a duration and as a date, and up to a day", async () => {
  const waits = ["600", "10m", new Date(Date.now() + 600_000).toUTCString()];
  for (const wait of waits) {
    const shop = destination((_, nth) =>
      nth === 1 ? new Response("", { status: 429, headers: { "Retry-After": wait } }) : new Response("ok"),
    );
    const { client, pass, events } = await broker();
    await client.publish({ url: shop.url });
    await until(() => events.includes("broker.retried"));
    pass(590_000);
    await Bun.sleep(45);
    expect(shop.deliveries.length).toBe(1);
    pass(11_000);
    await until(() => shop.deliveries.length === 2);
  }
});

test("the sender's retry delay expression replaces the backoff", async () => {
  const shop = failing();
  const { client, pass, events } = await broker();
  await client.publish({ url: shop.url, retries: 2, retryDelay: "max(100000, 1000 * pow(2, retried)) + 1000" });
  await until(() => events.length === 1);
  pass(100_000);
  await Bun.sleep(45);
  expect(shop.deliveries.length).toBe(1);
  pass(1_001);
  await until(() => shop.deliveries.length === 2);
});

test("a destination that does not answer within the timeout, or cannot be reached, is a failed try", async () => {
  const silent = destination(() => new Promise<Response>(() => {}));
  const { client, backlog } = await broker();
  await client.publish({ url: `${silent.url}/silent`, retries: 0, timeout: "20ms" as never });
  await client.publish({ url: "http://127.0.0.1:1/nobody", retries: 0 });
  await until(() => backlog() === 0);
  const { messages } = await client.dlq.listMessages();
  const told = Object.fromEntries(messages.map(({ url, responseBody }) => [new URL(url).pathname, responseBody]));
  expect(told["/silent"]).toBe("no answer within 20 ms");
  expect(told["/nobody"]).toBeString();
  expect(messages.every(({ responseStatus }) => responseStatus === undefined)).toBe(true);
});

test("a redirect is not followed", async () => {
  const elsewhere = destination();
  const shop = destination(() => Response.redirect(`${elsewhere.url}/there`, 302));
  const { client, backlog } = await broker();
  await client.publish({ url: shop.url, retries: 0 });
  await until(() => backlog() === 0);
  expect((await client.dlq.listMessages()).messages[0]?.responseStatus).toBe(302);
  expect(elsewhere.deliveries).toEqual([]);
});

test("an answer of 10 MB is cut, and harms nothing", async () => {
  const shop = destination(({ path }) => new Response("x".repeat(10_000_000), { status: path === "/bad" ? 500 : 200 }));
  const { client, backlog } = await broker();
  await client.publish({ url: `${shop.url}/bad`, retries: 0 });
  await client.publish({ url: `${shop.url}/good` });
  await until(() => backlog() === 0);
  const { messages } = await client.dlq.listMessages();
  expect(messages.map(({ responseBody }) => responseBody?.length)).toEqual([1_048_576]);
});

test("dead letters are found by their url, label, status and id, a page at a time", async () => {
  const shop = failing(500);
  const gone = failing(410);
  const { client, backlog } = await broker();
  for (const n of [1, 2, 3])
    await client.publish({ url: `${shop.url}/${n}`, retries: 0, label: ["a", `n${n}`] as never });
  await client.publish({ url: gone.url, retries: 0 });
  await until(() => backlog() === 0);
  const find = async (filter: object) => (await client.dlq.listMessages({ filter } as never)).messages.length;
  expect(await find({ url: [`${shop.url}/1`, `${shop.url}/2`] })).toBe(2);
  expect(await find({ label: "a" })).toBe(3);
  expect(await find({ label: "n3" })).toBe(1);
  expect(await find({ responseStatus: 410 })).toBe(1);
  const first = await client.dlq.listMessages({ count: 3 });
  const second = await client.dlq.listMessages({ count: 3, cursor: first.cursor! });
  expect([first.messages.length, second.messages.length, second.cursor]).toEqual([3, 1, undefined]);
  const { dlqId } = second.messages[0]!;
  expect((await client.dlq.listMessages({ dlqIds: [dlqId] })).messages.length).toBe(1);
});

test("a dead letter retried is a new message with all its tries; it leaves the dead letters", async () => {
  let broken = true;
  const shop = destination(() => new Response("", { status: broken ? 500 : 200 }));
  const { client, backlog } = await broker();
  await client.publishJSON({ url: shop.url, retries: 0, body: { n: 1 }, headers: { "X-Shop": "a" } });
  await until(() => backlog() === 0);
  broken = false;
  const [letter] = (await client.dlq.listMessages()).messages;
  const { responses } = await client.dlq.retry(letter!.dlqId);
  await until(() => shop.deliveries.length === 2);
  const again = shop.deliveries[1]!;
  expect(again.headers.get("upstash-message-id")).toBe(responses[0]!.messageId);
  expect(again.headers.get("x-shop")).toBe("a");
  expect(again.body).toBe('{"n":1}');
  expect((await client.dlq.listMessages()).messages).toEqual([]);
});

test("dead letters are deleted by id, by filter, and all in steps", async () => {
  const shop = failing();
  const { client, backlog } = await broker();
  const urls = [1, 2, 3, 4, 5].map((n) => `${shop.url}/${n}`);
  await client.batch(urls.map((url) => ({ url, retries: 0 })));
  await until(() => backlog() === 0);
  const { messages } = await client.dlq.listMessages({ filter: { url: urls[0]! } });
  await client.dlq.delete(messages[0]!.dlqId);
  expect(await client.dlq.delete({ filter: { url: urls[1]! } })).toMatchObject({ deleted: 1 });
  const step = await client.dlq.delete({ all: true, count: 2 });
  expect([step.deleted, typeof step.cursor]).toEqual([2, "string"]);
  expect(await client.dlq.delete({ all: true, count: 2, cursor: step.cursor! })).toMatchObject({ deleted: 1 });
  expect(client.dlq.delete("1-1")).rejects.toThrow("not found");
});

test("a filter that is not known is refused, never ignored", async () => {
  const { client, call, backlog } = await broker();
  await client.publish({ url: "http://127.0.0.1:1/", delay: "1h" });
  expect((await call("DELETE", "/v2/messages?colour=red")).status).toBe(400);
  expect((await call("DELETE", "/v2/dlq?colour=red")).status).toBe(400);
  expect((await call("DELETE", "/v2/dlq")).status).toBe(400);
  expect(backlog()).toBe(1);
});
