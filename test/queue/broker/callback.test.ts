import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, receiver, stopAll } from "./support.ts";

afterEach(stopAll);

const decode = (base64: string) => Buffer.from(base64, "base64").toString();

test("a callback reports the answer in QStash's documented shape, signed", async () => {
  const shop = destination(({ path }) => new Response(path === "/job" ? "done ✓" : "", { headers: { "x-took": "7" } }));
  const { client } = await broker();
  const { messageId } = await client.publishJSON({
    url: `${shop.url}/job`,
    body: { n: 1 },
    callback: `${shop.url}/called`,
    headers: { "Upstash-Callback-Forward-Order": "7", "Upstash-Callback-Method": "PUT" },
  });
  await until(() => shop.to("/called").length === 1);
  const { body, headers, method } = shop.to("/called")[0]!;
  const report = JSON.parse(body);
  expect(report).toMatchObject({
    status: 200,
    retried: 0,
    maxRetries: 3,
    sourceMessageId: messageId,
    url: `${shop.url}/job`,
    method: "POST",
    sourceHeader: { "Content-Type": ["application/json"] },
    createdAt: expect.any(Number),
    notBefore: expect.any(Number),
  });
  expect(report).not.toHaveProperty("dlqId");
  expect(report.header["X-Took"]).toEqual(["7"]);
  expect(decode(report.body)).toBe("done ✓");
  expect(decode(report.sourceBody)).toBe('{"n":1}');
  expect([method, headers.get("order"), headers.get("content-type")]).toEqual(["PUT", "7", "application/json"]);
  const signature = headers.get("upstash-signature") ?? "";
  expect(await receiver.verify({ signature, body, url: `${shop.url}/called`, clockTolerance: 10 })).toBe(true);
});

test("the failure callback is called once, after the last try, with the dead letter's id", async () => {
  const shop = destination(({ path }) => new Response("broken", { status: path === "/job" ? 500 : 200 }));
  const { client, backlog } = await broker();
  const urls = { url: `${shop.url}/job`, callback: `${shop.url}/called`, failureCallback: `${shop.url}/failed` };
  await client.publish({ ...urls, retries: 1, retryDelay: "0" });
  await until(() => backlog() === 0);
  expect(shop.to("/job").length).toBe(2);
  expect(
    shop
      .to("/called")
      .map(({ body }) => JSON.parse(body).retried)
      .sort(),
  ).toEqual([0, 1]);
  expect(shop.to("/failed").length).toBe(1);
  const report = JSON.parse(shop.to("/failed")[0]!.body);
  expect(report).toMatchObject({ status: 500, retried: 1, maxRetries: 1 });
  const { messages } = await client.dlq.listMessages();
  expect(report.dlqId).toBe(messages[0]!.dlqId);
  expect(report.sourceMessageId).toBe(messages[0]!.messageId);
});
