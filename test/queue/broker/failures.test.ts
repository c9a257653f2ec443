import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

const failing = (status = 500, headers: Record<string, string> = {}) =>
  destination(() => new Response("out of order", { status, headers }));

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
    await Bun.sleep(45); // too soon, nothing comes
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
  await Bun.sleep(45); // too soon, nothing comes
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

test("a filter that is not known is refused, never ignored", async () => {
  const { client, call, backlog } = await broker();
  await client.publish({ url: "http://127.0.0.1:1/", delay: "1h" });
  expect((await call("DELETE", "/v2/messages?colour=red")).status).toBe(400);
  expect((await call("DELETE", "/v2/dlq?colour=red")).status).toBe(400);
  expect((await call("DELETE", "/v2/dlq")).status).toBe(400);
  expect(backlog()).toBe(1);
});
