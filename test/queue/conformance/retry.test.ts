import { expect, test } from "bun:test";
import { nowhere, soon } from "./place.ts";
import { awhile, conformance, eventually, now, type Own, onOurs, own, pass } from "./support.ts";

conformance();

/** How long the queue said it would wait before the next try, ms. */
async function announced({ client }: Own, messageId: string, nth = 0): Promise<number> {
  const entries = await eventually(async () => {
    const { logs } = await client.logs({ filter: { messageId, state: "RETRY" } });
    return logs.length > nth && logs;
  }, "a retry in the log");
  const entry = entries.toReversed()[nth]!;
  return entry.nextDeliveryTime! - entry.time;
}

/** Within a twentieth and a second and a half, for dates have whole seconds. */
function expectNear(value: number, ms: number): void {
  expect(value).toBeGreaterThanOrEqual(ms * 0.95 - 1_500);
  expect(value).toBeLessThanOrEqual(ms * 1.05 + 1_500);
}

test("a failed delivery is tried again until it succeeds, and tells how often it was retried", async () => {
  const { client, name, shop } = own((_, nth) => new Response("no", { status: nth < 3 ? 500 : 201 }));
  const { messageId } = await client.publish({ url: shop.url, label: name, body: "x", retries: 5, retryDelay: soon });
  const deliveries = await shop.got(3);
  await awhile();
  expect(deliveries.map(({ headers }) => headers.get("upstash-retried"))).toEqual(["0", "1", "2"]);
  expect(new Set(deliveries.map(({ headers }) => headers.get("upstash-message-id")))).toEqual(new Set([messageId]));
  expect(deliveries.map(({ body }) => body)).toEqual(["x", "x", "x"]);
});

test("without a word about it a message has three retries, with 0 none", async () => {
  const { client, name, shop } = own(() => new Response("no", { status: 500 }));
  const usual = await client.publish({ url: shop.url, label: name, delay: "1h" });
  expect((await client.messages.get(usual.messageId)).maxRetries).toBe(3);
  const { messageId } = await client.publish({ url: `${shop.url}/once`, label: name, retries: 0 });
  await eventually(async () => (await client.dlq.listMessages({ filter: { messageId } })).messages.length === 1);
  expect(shop.to("/once").length).toBe(1);
});

test("any status outside 2xx is a failure", async () => {
  const statuses = [304, 400, 401, 404, 429, 500, 503];
  const { client, name, shop } = own(({ path }) => new Response(null, { status: Number(path.slice(1)) }));
  await client.batch(
    [200, 204, 299, ...statuses].map((status) => ({ url: `${shop.url}/${status}`, label: name, retries: 0 })),
  );
  await eventually(
    async () => (await client.dlq.listMessages({ filter: { label: name } })).messages.length >= statuses.length,
  );
  const { messages } = await client.dlq.listMessages({ filter: { label: name } });
  expect(messages.map(({ responseStatus }) => responseStatus!).sort((a, b) => a - b)).toEqual(statuses);
});

test("the first wait is QStash's 12 seconds, unless the sender's expression says otherwise", async () => {
  const mine = own(() => new Response("no", { status: 500 }));
  const { client, name, shop } = mine;
  const expressions: [expression: string | undefined, ms: number][] = [
    [undefined, 12_182],
    ["60000", 60_000],
    ["1000 * (1 + retried)", 1_000],
    ["max(90000, pow(2, retried) * 100)", 90_000],
    ["min(1, 2) + round(1.4) + ceil(0.2) + floor(2.9) + abs(-5) + sqrt(16) + exp(0) + 99999", 100_014],
  ];
  for (const [retryDelay, ms] of expressions) {
    const { messageId } = await client.publish({ url: shop.url, label: name, ...(retryDelay && { retryDelay }) });
    expectNear(await announced(mine, messageId), ms);
    await client.messages.cancel(messageId);
  }
});

test("in an expression, retried counts from 0", async () => {
  const mine = own(() => new Response("no", { status: 500 }));
  const { client, name, shop } = mine;
  const retryDelay = "1000 + 100000 * retried";
  const { messageId } = await client.publish({ url: shop.url, label: name, retryDelay });
  expectNear(await announced(mine, messageId), 1_000);
  await pass(1_100);
  await shop.got(2);
  expectNear(await announced(mine, messageId, 1), 101_000);
});

onOurs("the waits grow as documented: 12 s, 2 m 28 s, 30 m 8 s", async () => {
  const mine = own(() => new Response("no", { status: 500 }));
  const { messageId } = await mine.client.publish({ url: mine.shop.url, label: mine.name, retries: 3 });
  for (const [nth, ms] of [12_182, 148_413, 1_808_042].entries()) {
    expect(await announced(mine, messageId, nth)).toBe(ms);
    await pass(ms);
  }
  await mine.shop.got(4);
});

test("the destination's word wins: Retry-After and its kin, in seconds, as a duration or as a date", async () => {
  const date = new Date(now() + 600_000).toUTCString();
  const words: [header: string, value: string][] = [
    ["Retry-After", "600"],
    ["Retry-After", "10m"],
    ["Retry-After", date],
    ["X-RateLimit-Reset", "9m60s"],
    ["X-RateLimit-Reset-Requests", "600000ms"],
    ["X-RateLimit-Reset-Tokens", "600"],
  ];
  const mine = own(({ path }) => new Response("", { status: 429, headers: [words[Number(path.slice(1))]!] }));
  const { client, name, shop } = mine;
  const sent = (await client.batch(
    words.map((_, n) => ({ url: `${shop.url}/${n}`, label: name, retryDelay: "5000" })),
  )) as { messageId: string }[];
  for (const { messageId } of sent) expectNear(await announced(mine, messageId), 600_000);
});

test("a wait that the destination asks for is at most a day; beyond, it is as if it had said nothing", async () => {
  const mine = own(({ path }) => new Response("", { status: 503, headers: { "Retry-After": path.slice(1) } }));
  const { client, name, shop } = mine;
  const wait = async (value: string) => {
    const { messageId } = await client.publish({ url: `${shop.url}/${value}`, label: name });
    return await announced(mine, messageId);
  };
  expectNear(await wait("25h"), 12_182);
  expectNear(await wait("0"), 0);
});

test("489 with Upstash-NonRetryable-Error ends the tries at once; without it, it does not", async () => {
  const final = { "Upstash-NonRetryable-Error": "true" };
  const { client, name, shop } = own(
    ({ path }) => new Response("never", { status: 489, headers: path === "/final" ? final : {} }),
  );
  const { messageId } = await client.publish({ url: `${shop.url}/final`, label: name, retries: 3, retryDelay: soon });
  await client.publish({ url: `${shop.url}/other`, label: name, retries: 1, retryDelay: soon });
  await shop.got(2, "/other");
  const found = await eventually(async () => {
    const { messages } = await client.dlq.listMessages({ filter: { messageId } });
    return messages[0];
  });
  expect(found).toMatchObject({ responseStatus: 489, responseBody: "never" });
  expect(shop.to("/final").length).toBe(1);
});

test("a destination that does not answer within the timeout is a failed try", async () => {
  const { client, name, shop } = own((_, nth) => (nth === 1 ? new Promise<Response>(() => {}) : new Response("ok")));
  const { messageId } = await client.publish({ url: shop.url, label: name, timeout: 1, retryDelay: soon });
  const deliveries = await shop.got(2);
  expect(deliveries[1]?.headers.get("upstash-retried")).toBe("1");
  const { logs } = await client.logs({ filter: { messageId, state: "ERROR" } });
  expect(logs.map(({ error }) => typeof error)).toEqual(["string"]);
});

test("a destination that cannot be reached is a failed try, and dead after the last", async () => {
  const { client, name } = own();
  const { messageId } = await client.publish({ url: `${nowhere}/nobody`, label: name, retries: 0 });
  await eventually(async () => (await client.dlq.listMessages({ filter: { messageId } })).messages.length === 1);
});
