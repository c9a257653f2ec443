import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

/** A destination that answers the first call when it is told to. */
function holding(status: number) {
  const gate = Promise.withResolvers<void>();
  const shop = destination(async (_delivery, nth) => {
    if (nth === 1) await gate.promise;
    return new Response("", { status });
  });
  return { shop, answer: gate.resolve };
}

for (const status of [200, 500]) {
  test(`cancelled under way, then answered ${status}: it stays cancelled, calls nobody back, counts once`, async () => {
    const { shop, answer } = holding(status);
    const { client, backlog } = await broker();
    const { messageId } = await client.publish({
      url: shop.url,
      retries: 0,
      callback: `${shop.url}/called`,
      failureCallback: `${shop.url}/failed`,
    });
    await until(() => shop.deliveries.length === 1);
    await client.messages.cancel(messageId);
    answer();
    await client.publishJSON({ url: `${shop.url}/next`, body: {}, retries: 0 });
    await until(() => backlog() <= 0 && shop.to("/next").length === 1);
    expect(backlog()).toBe(0);
    const { logs } = await client.logs({ messageIds: [messageId] });
    expect(String(logs[0]?.state)).toBe("CANCELLED");
    expect(shop.deliveries.map(({ path }) => path)).toEqual(["/", "/next"]);
  });
}

test("what is cancelled while it is next in line is not delivered", async () => {
  const gate = Promise.withResolvers<void>();
  const shop = destination(async ({ path }) => {
    if (path === "/0") await gate.promise;
    return new Response();
  });
  const { client, backlog } = await broker();
  const flowControl = { key: "narrow", parallelism: 1 };
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) ids.push((await client.publish({ url: `${shop.url}/${n}`, flowControl })).messageId);
  await until(() => shop.deliveries.length === 1);
  await client.messages.cancel([ids[1]!, ids[2]!]);
  gate.resolve();
  await until(() => backlog() === 0);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(["/0", "/3"]);
});

test("deleting a queue cancels what waits in it, and what is published meanwhile waits in a new one", async () => {
  const shop = destination();
  const { client, call, backlog } = await broker();
  const queue = client.queue({ queueName: "gone" });
  await queue.upsert({ parallelism: 1, paused: true });
  const body = (n: number, path: string) =>
    JSON.stringify(Array.from({ length: n }, () => ({ destination: `${shop.url}/${path}`, queue: "gone" })));
  await call("POST", "/v2/batch", { body: body(3_000, "old") });
  const [deleted, published] = await Promise.all([
    call("DELETE", "/v2/queues/gone"),
    Bun.sleep(0).then(() => call("POST", "/v2/batch", { body: body(5, "new") })), // right behind the other
  ]);
  expect([deleted.status, published.status]).toEqual([200, 200]);
  await until(() => backlog() === 0);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(Array.from({ length: 5 }, () => "/new"));
  expect(await queue.get()).toMatchObject({ paused: false, lag: 0 });
});
