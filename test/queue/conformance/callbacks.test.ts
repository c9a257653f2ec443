import { expect, test } from "bun:test";
import type { Delivery } from "./mailbox.ts";
import { soon } from "./place.ts";
import { awhile, conformance, onOurs, own, pass, receiver, verify } from "./support.ts";

conformance();

interface Report {
  readonly retried: number;
  readonly maxRetries: number;
  readonly body: string;
  readonly sourceHeader: Readonly<Record<string, string | readonly string[]>>;
  readonly [field: string]: unknown;
}

function report({ body }: Delivery): Report {
  const parsed: Report = JSON.parse(body);
  return parsed;
}

const plain = (base64: unknown) => Buffer.from(String(base64), "base64").toString();
const times = (field: unknown) => Number(field) > 1_600_000_000_000;

test("a callback reports the answer in the documented shape, signed like any message", async () => {
  const mine = own(({ path }) => new Response(path === "/job" ? "done ✓" : "", { headers: { "X-Took": "7" } }));
  const { client, name, shop } = mine;
  const { messageId } = await client.publishJSON({
    url: `${shop.url}/job`,
    label: name,
    method: "PUT",
    body: { n: 1 },
    headers: { "X-Shop": "a" },
    callback: `${shop.url}/called?a=1`,
  });
  const [delivery] = await shop.got(1, "/called?a=1");
  const told = report(delivery!);
  expect(told).toMatchObject({
    status: 200,
    retried: 0,
    maxRetries: 3,
    sourceMessageId: messageId,
    url: `${shop.url}/job`,
    method: "PUT",
    header: { "X-Took": ["7"] },
    callerIP: expect.any(String),
  });
  expect([plain(told.body), plain(told.sourceBody)]).toEqual(["done ✓", '{"n":1}']);
  expect([times(told.createdAt), times(told.notBefore)]).toEqual([true, true]);
  expect(told.sourceHeader["X-Shop"]).toContain("a"); // or a list of it
  expect(told).not.toHaveProperty("dlqId");
  expect(delivery?.method).toBe("POST");
  expect(delivery?.headers.get("content-type")).toBe("application/json");
  expect(delivery?.headers.get("upstash-message-id")).not.toBe(messageId);
  expect(await verify(await receiver(mine), delivery!)).toBe(true);
});

test("a callback is called after every try, and tells the last one by retried and maxRetries", async () => {
  const { client, name, shop } = own(
    ({ path }, nth) => new Response(`try ${nth}`, { status: path === "/job" && nth < 3 ? 500 : 200 }),
  );
  const urls = { url: `${shop.url}/job`, callback: `${shop.url}/called` };
  await client.publish({ ...urls, label: name, retries: 2, retryDelay: soon });
  const told = (await shop.got(3, "/called")).map(report).sort((a, b) => a.retried - b.retried);
  expect(told.map(({ retried, maxRetries, status }) => [retried, maxRetries, status])).toEqual([
    [0, 2, 500],
    [1, 2, 500],
    [2, 2, 200],
  ]);
  expect(told.map(({ body }) => plain(body))).toEqual(["try 1", "try 2", "try 3"]);
});

test("a failure callback is called once, after the last try, with the dead letter's id", async () => {
  const { client, name, shop } = own(({ path }) => new Response("broken", { status: path === "/job" ? 503 : 200 }));
  const urls = { url: `${shop.url}/job`, callback: `${shop.url}/called`, failureCallback: `${shop.url}/failed` };
  const { messageId } = await client.publish({ ...urls, label: name, body: "x", retries: 1, retryDelay: soon });
  const [delivery] = await shop.got(1, "/failed");
  await shop.got(2, "/called");
  await awhile();
  expect([shop.to("/job").length, shop.to("/called").length, shop.to("/failed").length]).toEqual([2, 2, 1]);
  const told = report(delivery!);
  const { messages } = await client.dlq.listMessages({ filter: { messageId } });
  expect(told).toMatchObject({
    status: 503,
    retried: 1,
    maxRetries: 1,
    dlqId: messages[0]?.dlqId,
    sourceMessageId: messageId,
  });
  expect([plain(told.body), plain(told.sourceBody)]).toEqual(["broken", "x"]);
});

test("what succeeds has no failure callback, also when it was tried again", async () => {
  const { client, name, shop } = own(
    ({ path }, nth) => new Response("", { status: path === "/job" && nth === 1 ? 500 : 200 }),
  );
  const urls = { url: `${shop.url}/job`, failureCallback: `${shop.url}/failed` };
  await client.publish({ ...urls, label: name, retryDelay: soon });
  await shop.got(2, "/job");
  await awhile();
  expect(shop.to("/failed")).toEqual([]);
});

test("callbacks have a method and headers of their own", async () => {
  const { client, name, shop } = own(({ path }) => new Response("", { status: path === "/job" ? 500 : 200 }));
  await client.publish({
    url: `${shop.url}/job`,
    label: name,
    retries: 0,
    callback: `${shop.url}/called`,
    failureCallback: `${shop.url}/failed`,
    headers: {
      "Upstash-Callback-Method": "PUT",
      "Upstash-Callback-Forward-Order": "7",
      "Upstash-Failure-Callback-Method": "PATCH",
      "Upstash-Failure-Callback-Forward-Authorization": "Bearer of the shop",
    },
  });
  const [called] = await shop.got(1, "/called");
  const [failed] = await shop.got(1, "/failed");
  expect([called?.method, called?.headers.get("order"), called?.headers.get("authorization")]).toEqual([
    "PUT",
    "7",
    null,
  ]);
  expect([failed?.method, failed?.headers.get("order")]).toEqual(["PATCH", null]);
  expect(failed?.headers.get("authorization")).toBe("Bearer of the shop");
});

test("a callback that fails is tried again: as often as its message, or as its own settings say", async () => {
  const { client, name, shop } = own(({ path }) => new Response("", { status: path === "/job" ? 200 : 500 }));
  const own1 = { "Upstash-Callback-Retries": "1", "Upstash-Callback-Retry-Delay": soon };
  const own2 = { "Upstash-Callback-Retry-Delay": soon };
  const message = { url: `${shop.url}/job`, label: name, retries: 2 };
  await client.publish({ ...message, callback: `${shop.url}/once`, headers: own1 });
  await client.publish({ ...message, callback: `${shop.url}/twice`, headers: own2 });
  const twice = await shop.got(3, "/twice");
  await awhile();
  expect(shop.to("/once").map(({ headers }) => headers.get("upstash-retried"))).toEqual(["0", "1"]);
  expect(twice.map(({ headers }) => headers.get("upstash-retried"))).toEqual(["0", "1", "2"]);
  await client.dlq.delete({ filter: { url: [`${shop.url}/once`, `${shop.url}/twice`] } });
});

test("a callback has a timeout of its own", async () => {
  const { client, name, shop } = own(({ path }, nth) =>
    path === "/called" && nth === 1 ? new Promise<Response>(() => {}) : new Response("ok"),
  );
  const headers = { "Upstash-Callback-Timeout": "1s", "Upstash-Callback-Retry-Delay": soon };
  await client.publish({ url: `${shop.url}/job`, label: name, callback: `${shop.url}/called`, headers });
  await shop.got(2, "/called");
});

// The documentation lists the header, and the changelog says that QStash refuses it.
onOurs("a callback may be delayed", async () => {
  const { client, name, shop } = own();
  const headers = { "Upstash-Callback-Delay": "1h" };
  await client.publish({ url: `${shop.url}/job`, label: name, callback: `${shop.url}/called`, headers });
  await shop.got(1, "/job");
  await awhile();
  expect(shop.to("/called")).toEqual([]);
  await pass(3_600_000);
  await shop.got(1, "/called");
});

test("a callback of a message to a URL group names the group and the endpoint", async () => {
  const { client, name, shop, after } = own();
  after(() => client.urlGroups.delete(name));
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: `${shop.url}/job`, name: "first" }] });
  await client.publish({ urlGroup: name, label: name, callback: `${shop.url}/called` });
  const [delivery] = await shop.got(1, "/called");
  expect(report(delivery!)).toMatchObject({ topicName: name, endpointName: "first", url: `${shop.url}/job` });
});

test("a callback that is no address, or whose settings are none, is refused with its message", async () => {
  const { call, shop } = own();
  const callback = `${shop.url}/called`;
  const faults: Record<string, string>[] = [
    { "Upstash-Callback": "not a url" },
    { "Upstash-Failure-Callback": "ftp://elsewhere" },
    { "Upstash-Callback": callback, "Upstash-Callback-Retries": "many" },
    { "Upstash-Failure-Callback": callback, "Upstash-Failure-Callback-Timeout": "soon" },
    { "Upstash-Callback": callback, "Upstash-Callback-Method": "BREW" },
  ];
  for (const headers of faults) {
    const answer = await call("POST", `/v2/publish/${shop.url}`, { headers });
    expect([headers, answer.status]).toEqual([headers, 400]);
  }
  expect(shop.deliveries).toEqual([]);
});
