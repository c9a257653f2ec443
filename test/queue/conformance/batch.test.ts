import { expect, test } from "bun:test";
import { conformance, json, own } from "./support.ts";

conformance();

interface Told {
  readonly messageId?: string;
  readonly url?: string;
  readonly error?: string;
}

test("the messages of a batch are accepted one by one, and each fault is told in its place", async () => {
  const { client, name, shop } = own();
  const answers: Told[] = await client.batchJSON([
    { url: `${shop.url}/1`, label: name, body: { n: 1 } },
    { url: "ftp://elsewhere/2", label: name, body: { n: 2 } },
    { url: `${shop.url}/3`, label: name, body: { n: 3 }, delay: "3 days" as never },
    { url: `${shop.url}/4`, label: name, body: { n: 4 } },
  ]);
  expect(answers.map(({ messageId, error }) => [typeof messageId, typeof error])).toEqual([
    ["string", "undefined"],
    ["undefined", "string"],
    ["undefined", "string"],
    ["string", "undefined"],
  ]);
  await shop.got(2);
  expect(shop.deliveries.map(({ body }) => body).sort()).toEqual(['{"n":1}', '{"n":4}']);
  expect(shop.deliveries.map(({ headers }) => headers.get("content-type"))).toEqual(Array(2).fill("application/json"));
});

test("each message of a batch has its own method, headers, delay and settings", async () => {
  const { client, name, shop } = own();
  const [one, two] = (await client.batch([
    { url: `${shop.url}/1`, label: name, method: "PUT", headers: { "X-Shop": "a" }, body: "one" },
    { url: `${shop.url}/2`, label: [name, "b"], delay: "1h", retries: 1, flowControl: { key: name, parallelism: 1 } },
  ])) as { messageId: string }[];
  const [delivery] = await shop.got(1);
  expect(delivery).toMatchObject({ path: "/1", method: "PUT", body: "one" });
  expect(delivery?.headers.get("x-shop")).toBe("a");
  expect(delivery?.headers.get("upstash-message-id")).toBe(one!.messageId);
  expect(await client.messages.get(two!.messageId)).toMatchObject({
    maxRetries: 1,
    flowControlKey: name,
    labels: [name, "b"],
  });
});

test("a URL group in a batch is answered with a list of its own, with the address of each message", async () => {
  const { client, name, shop, after } = own();
  after(() => client.urlGroups.delete(name));
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: `${shop.url}/a` }, { url: `${shop.url}/b` }] });
  const answers = (await client.batchJSON([
    { urlGroup: name, label: name, body: { n: 1 } },
    { url: `${shop.url}/c`, label: name, body: { n: 2 } },
  ])) as unknown as [Told[], Told];
  expect(answers[0].map(({ url }) => url).sort()).toEqual([`${shop.url}/a`, `${shop.url}/b`]);
  expect(answers[0].map(({ messageId }) => typeof messageId)).toEqual(["string", "string"]);
  expect(answers[1].messageId).toBeString();
  await shop.got(3);
  expect(shop.deliveries.map(({ path }) => path).sort()).toEqual(["/a", "/b", "/c"]);
});

test("a batch of one is answered with a list of one", async () => {
  const { client, name, shop } = own();
  const answers = await client.batch([{ url: shop.url, label: name }]);
  expect(answers).toMatchObject([{ messageId: expect.any(String) }]);
});

test("messages of a batch may go through queues, each through its own", async () => {
  const { client, name, shop, after } = own();
  const [left, right] = [`${name}-left`, `${name}-right`];
  for (const queueName of [left, right]) after(() => client.queue({ queueName }).delete());
  const answers = (await client.batchJSON([
    { url: `${shop.url}/1`, queueName: left, label: name, delay: "1h" },
    { url: `${shop.url}/2`, queueName: right, label: name },
    { url: `${shop.url}/3`, queueName: right, label: name },
  ])) as { messageId: string }[];
  await shop.got(2);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(["/2", "/3"]);
  expect((await client.messages.get(answers[0]!.messageId)).queueName).toBe(left);
});

test("a batch that is no JSON, or no list, is a 400; items that are no messages are refused one by one", async () => {
  const { call, shop, name } = own();
  for (const body of ["", "{", "{}", '"x"']) {
    const answer = await call("POST", "/v2/batch", { body });
    expect([body, answer.status]).toEqual([body, 400]);
    expect((await json(answer)).error).toBeString();
  }
  const good = { destination: shop.url, headers: { "Upstash-Label": name } };
  const items = [
    {},
    { destination: "no address" },
    { destination: shop.url, headers: { "Upstash-Retries": "x" } },
    good,
  ];
  const answer = await call("POST", "/v2/batch", { body: JSON.stringify(items) });
  const told = await json<Told[]>(answer);
  expect(told.map(({ error, messageId }) => typeof (error ?? messageId))).toEqual(Array(4).fill("string"));
  expect(told.map(({ messageId }) => messageId !== undefined)).toEqual([false, false, false, true]);
});

test("a batch item with every optional key null is taken, as if they were left out", async () => {
  const { call, shop, name } = own();
  const label = { "Upstash-Label": name };
  const items = [
    { destination: `${shop.url}/1`, headers: null, body: null, queue: null },
    { destination: `${shop.url}/2`, headers: { ...label, "Upstash-Delay": null }, body: "two", queue: null },
    { destination: `${shop.url}/3`, headers: label, body: null },
    null,
  ];
  const told = await json<Told[]>(await call("POST", "/v2/batch", { body: JSON.stringify(items) }));
  expect(told.map(({ messageId }) => typeof messageId)).toEqual(["string", "string", "string", "undefined"]);
  await shop.got(3);
  expect(shop.deliveries.map(({ path, body }) => path + body).sort()).toEqual(["/1", "/2two", "/3"]);
});
