import { expect, test } from "bun:test";
import { Client } from "@upstash/qstash";
import { conformance, json, own, receiver, verify } from "./support.ts";

conformance();

test("a message arrives with body, method, content type, forwarded headers, and what QStash tells of it", async () => {
  const { client, name, shop } = own();
  const { messageId } = await client.publishJSON({
    url: `${shop.url}/orders`,
    label: name,
    method: "PUT",
    body: { order: 7 },
    headers: { "X-Shop": "a", Authorization: "Bearer of the shop" },
  });
  const [delivery] = await shop.got(1);
  expect(delivery).toMatchObject({ path: "/orders", method: "PUT", body: '{"order":7}' });
  expect(Object.fromEntries(delivery!.headers)).toMatchObject({
    "content-type": "application/json",
    "x-shop": "a",
    authorization: "Bearer of the shop",
    "user-agent": "Upstash-QStash",
    "upstash-message-id": messageId,
    "upstash-retried": "0",
    "upstash-caller-ip": expect.stringMatching(/^[\d.:a-f]+$/),
    "upstash-signature": expect.any(String),
  });
  const told = [...delivery!.headers.keys()];
  expect(told.filter((header) => /upstash-(forward|telemetry|topic|schedule)/.test(header))).toEqual([]);
});

test("whatever the body is, it arrives byte by byte, under the content type it was given", async () => {
  const mine = own();
  const { client, shop } = mine;
  const bytes = new Uint8Array([0, 255, 254, 128, 10, 13, 0]);
  const bodies: [path: string, body: string | Blob | undefined, type: string | undefined][] = [
    ["/html", "<b>für alle ✓</b>", "text/html"],
    ["/bytes", new Blob([bytes]), "application/octet-stream"],
    ["/nothing", undefined, undefined],
    ["/large", "x".repeat(200_000), "text/plain"],
  ];
  for (const [path, body, type] of bodies) {
    const headers = type === undefined ? {} : { headers: { "Content-Type": type } };
    await client.publish({ url: `${shop.url}${path}`, label: mine.name, ...(body && { body }), ...headers });
  }
  await shop.got(bodies.length);
  const at = (path: string) => shop.to(path)[0]!;
  expect(at("/html").body).toBe("<b>für alle ✓</b>");
  expect(at("/bytes").bytes).toEqual(bytes);
  expect(at("/nothing").body).toBe("");
  expect(at("/large").body.length).toBe(200_000);
  for (const [path, , type] of bodies) if (type) expect(at(path).headers.get("content-type")).toBe(type);
  const keys = await receiver(mine);
  for (const path of ["/html", "/nothing", "/large"]) expect(await verify(keys, at(path))).toBe(true);
});

test("each method reaches the destination; POST is the default", async () => {
  const { client, name, shop } = own();
  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
  for (const method of methods) await client.publish({ url: `${shop.url}/${method}`, label: name, method });
  await client.publish({ url: `${shop.url}/usual`, label: name });
  await shop.got(6);
  for (const method of methods) expect(shop.to(`/${method}`)[0]?.method).toBe(method);
  expect(shop.to("/usual")[0]?.method).toBe("POST");
});

test("a destination keeps its query as it was written, and the signature is for exactly that", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  const url = `${shop.url}/a?from=test&x=%20y&list=1,2&empty=`;
  await client.publish({ url, label: name, body: "x" });
  const [delivery] = await shop.got(1);
  expect(delivery?.url).toBe(url);
  expect(await verify(await receiver(mine), delivery!)).toBe(true);
});

test("a destination escaped in the path is the same destination", async () => {
  const { call, name, shop } = own();
  const answer = await call("POST", `/v2/publish/${encodeURIComponent(`${shop.url}/a?b=1`)}`, {
    headers: { "Upstash-Label": name },
    body: "x",
  });
  expect(answer.ok).toBe(true);
  expect((await shop.got(1))[0]?.path).toBe("/a?b=1");
});

test("headers of the whole client travel with each message, unless it brings its own", async () => {
  const { server, name, shop } = own();
  const another = new Client({ ...server, retry: false, headers: { "X-Shop": "all", "X-Stays": "same" } });
  await another.publish({ url: `${shop.url}/one`, label: name });
  await another.batch([{ url: `${shop.url}/two`, label: name, headers: { "x-shop": "its own" } }]);
  await shop.got(2);
  const seen = (path: string) => ["x-shop", "x-stays"].map((header) => shop.to(path)[0]!.headers.get(header));
  expect(seen("/one")).toEqual(["all", "same"]);
  expect(seen("/two")).toEqual(["its own", "same"]);
});

test("settings may come in the query, too, and neither they nor the token reach the destination", async () => {
  const { call, client, name, shop } = own();
  const query = `?b=1&upstash-retries=1&upstash-delay=2d&upstash-label=${name}`;
  const answer = await call("POST", `/v2/publish/${shop.url}/later${query}`, { body: "x" });
  const { messageId } = await json<{ messageId: string }>(answer);
  const message = await client.messages.get(messageId);
  expect(message).toMatchObject({ url: `${shop.url}/later?b=1`, maxRetries: 1, label: name });
  expect(message.notBefore! - message.createdAt).toBe(2 * 86_400_000);
});

test("Upstash-Header-Forward passes on all headers of the request, never the queue's token", async () => {
  const { call, name, shop } = own();
  const headers = { "Upstash-Label": name, "Upstash-Header-Forward": "true", "X-Hook": "7", "Content-Type": "text/x" };
  await call("POST", `/v2/publish/${shop.url}/hook`, { headers, body: "x" });
  const [delivery] = await shop.got(1);
  expect(delivery?.headers.get("x-hook")).toBe("7");
  expect(delivery?.headers.get("content-type")).toBe("text/x");
  expect(delivery?.headers.get("authorization")).toBeNull();
  expect(delivery?.headers.get("upstash-header-forward")).toBeNull();
});

test("a message that waits shows everything that was asked for", async () => {
  const { client, name, shop } = own();
  const { messageId } = await client.publishJSON({
    url: `${shop.url}/orders`,
    body: { n: 1 },
    method: "PATCH",
    headers: { "X-Shop": "a" },
    delay: "1h",
    retries: 2,
    retryDelay: "1000 * (1 + retried)",
    callback: `${shop.url}/called`,
    failureCallback: `${shop.url}/failed`,
    label: [name, `${name}-b`],
    flowControl: { key: name, parallelism: 2, rate: 5, period: "1m" },
  });
  expect(await client.messages.get(messageId)).toMatchObject({
    messageId,
    url: `${shop.url}/orders`,
    method: "PATCH",
    header: { "Content-Type": ["application/json"], "X-Shop": ["a"] },
    body: '{"n":1}',
    maxRetries: 2,
    retryDelayExpression: "1000 * (1 + retried)",
    callback: `${shop.url}/called`,
    failureCallback: `${shop.url}/failed`,
    label: name,
    labels: [name, `${name}-b`],
    flowControlKey: name,
    parallelism: 2,
    rate: 5,
    period: 60,
    createdAt: expect.any(Number),
    notBefore: expect.any(Number),
    callerIP: expect.any(String),
  } as object);
});

test("a body that is no text is shown as base64, and one that is empty not at all", async () => {
  const { client, name, shop } = own();
  const later = { url: shop.url, label: name, delay: "1h" } as const;
  const binary = await client.publish({ ...later, body: new Blob([new Uint8Array([255, 0])]) });
  const shown = await client.messages.get(binary.messageId);
  expect([shown.body ?? "", shown.bodyBase64]).toEqual(["", "/wA="]);
  const empty = await client.publish(later);
  expect((await client.messages.get(empty.messageId)).body).toBeUndefined();
});
