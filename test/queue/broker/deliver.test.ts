import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, receiver, stopAll } from "./support.ts";

afterEach(stopAll);

test("a published message arrives with its body, method, content type and forwarded headers", async () => {
  const shop = destination();
  const { client } = await broker();
  const { messageId } = await client.publishJSON({
    url: `${shop.url}/orders?from=test&x=%20y`,
    method: "PUT",
    body: { order: 7 },
    headers: { "X-Shop": "a", Authorization: "Bearer of the shop" },
  });
  const delivery = await shop.first();
  expect(delivery).toMatchObject({ path: "/orders?from=test&x=%20y", method: "PUT", body: '{"order":7}' });
  expect(delivery.headers.get("content-type")).toBe("application/json");
  expect(delivery.headers.get("x-shop")).toBe("a");
  expect(delivery.headers.get("authorization")).toBe("Bearer of the shop");
  expect(delivery.headers.get("upstash-message-id")).toBe(messageId);
  expect(delivery.headers.get("upstash-retried")).toBe("0");
});

test("a delivery is signed for its exact URL and body, as the SDK's receiver accepts", async () => {
  const shop = destination();
  const { client } = await broker();
  await client.publish({ url: `${shop.url}/signed?a=1`, body: "für alle" });
  const delivery = await shop.first();
  const signature = delivery.headers.get("upstash-signature") ?? "";
  const url = `${shop.url}/signed?a=1`;
  const verify = (body: string, where: string) => receiver.verify({ signature, body, url: where, clockTolerance: 10 });
  expect(await verify("für alle", url)).toBe(true);
  expect(verify("other", url)).rejects.toThrow("body hash");
  expect(verify("für alle", `${shop.url}/other`)).rejects.toThrow("invalid subject");
});

test("the messages of a batch are accepted one by one, and each fault is told where it is", async () => {
  const shop = destination();
  const { client } = await broker();
  const answers = await client.batchJSON([
    { url: `${shop.url}/1`, body: { n: 1 } },
    { url: "ftp://elsewhere/2", body: { n: 2 } },
    { url: `${shop.url}/3`, body: { n: 3 }, delay: "3 days" as never },
    { url: `${shop.url}/4`, body: { n: 4 } },
  ]);
  expect(answers).toMatchObject([
    { messageId: expect.stringMatching(/^msg_/) },
    { error: expect.stringContaining("invalid scheme") },
    { error: expect.stringContaining('invalid delay "3 days"') },
    { messageId: expect.stringMatching(/^msg_/) },
  ]);
  await until(() => shop.deliveries.length === 2);
  expect(shop.deliveries.map(({ body }) => body).sort()).toEqual(['{"n":1}', '{"n":4}']);
});

test("a message is not delivered before its delay or its not-before time, and is after it", async () => {
  const shop = destination();
  const { client, pass, backlog } = await broker();
  await client.publish({ url: `${shop.url}/delayed`, delay: "1h" });
  await client.publish({ url: `${shop.url}/not-before`, notBefore: Math.floor(Date.now() / 1_000) + 7_200 });
  await client.publish({ url: `${shop.url}/now` });
  await until(() => shop.deliveries.length === 1);
  await until(() => backlog() === 2);
  pass(3_500_000);
  await Bun.sleep(50);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(["/now"]);
  pass(100_000);
  await until(() => shop.to("/delayed").length === 1);
  pass(3_600_000);
  await until(() => shop.to("/not-before").length === 1);
  await until(() => backlog() === 0);
});

test("the same deduplication id within ten minutes is accepted without a second delivery", async () => {
  const shop = destination();
  const { client, pass } = await broker();
  const publish = () => client.publish({ url: `${shop.url}/once`, deduplicationId: "order-7" });
  const first = await publish();
  const [again] = await client.batch([{ url: `${shop.url}/once`, deduplicationId: "order-7" }]);
  expect(again).toMatchObject({ messageId: first.messageId, deduplicated: true });
  pass(600_001);
  const later = await publish();
  expect(later.messageId).not.toBe(first.messageId);
  await until(() => shop.deliveries.length === 2);
});

test("equal content counts as the same message when the sender asks for that", async () => {
  const shop = destination();
  const { client } = await broker();
  const publish = (body: string) => client.publish({ url: `${shop.url}/`, body, contentBasedDeduplication: true });
  expect(await publish("a")).not.toHaveProperty("deduplicated");
  expect(await publish("a")).toMatchObject({ deduplicated: true });
  expect(await publish("b")).not.toHaveProperty("deduplicated");
});

test("a failed delivery is tried again with QStash's backoff, and tells how often it was retried", async () => {
  const shop = destination((_, nth) => new Response("no", { status: nth < 3 ? 500 : 200 }));
  const { client, pass, backlog, events } = await broker();
  await client.publish({ url: `${shop.url}/flaky` });
  await until(() => events.length === 1);
  pass(12_000);
  await Bun.sleep(40);
  expect(shop.deliveries.length).toBe(1);
  pass(200);
  await until(() => events.length === 2);
  pass(149_000);
  await until(() => shop.deliveries.length === 3);
  expect(shop.deliveries.map(({ headers }) => headers.get("upstash-retried"))).toEqual(["0", "1", "2"]);
  await until(() => backlog() === 0);
});

test("messages survive a restart, with their time and the tries they had", async () => {
  const shop = destination((_, nth) => new Response("no", { status: nth === 1 ? 500 : 200 }));
  const first = await broker();
  await first.client.publish({ url: `${shop.url}/flaky`, retryDelay: "3600000" });
  await first.client.publish({ url: `${shop.url}/flaky?delayed`, delay: "2h" });
  await until(() => first.events.includes("broker.retried"));
  await first.stop();
  const second = await broker({ path: first.path });
  expect(second.backlog()).toBe(2);
  second.pass(3_600_000);
  await until(() => shop.to("/flaky").length === 2);
  expect(shop.to("/flaky")[1]?.headers.get("upstash-retried")).toBe("1");
  expect(shop.to("/flaky?delayed")).toEqual([]);
});
