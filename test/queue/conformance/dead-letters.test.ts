import { expect, test } from "bun:test";
import type { Reply } from "./mailbox.ts";
import { conformance, eventually, json, now, type Own, onOurs, own } from "./support.ts";

conformance();

const broken: Reply = () => new Response("out of order", { status: 503, headers: { "X-Reason": "tired" } });

/** Has messages die, and gives their letters in the order of the messages. */
async function die({ client, name, shop }: Own, ...messages: object[]) {
  const sent = (await client.batch(
    messages.map((message, n) => ({ url: `${shop.url}/${n}`, label: name, retries: 0, ...message })),
  )) as { messageId: string }[];
  const letters = await eventually(async () => {
    const found = await client.dlq.listMessages({ filter: { label: name } });
    return found.messages.length === messages.length && found.messages;
  }, "the letters");
  return sent.map(({ messageId }) => letters.find((letter) => letter.messageId === messageId)!);
}

test("a message whose tries are used up is a dead letter, with all it was and the last answer it got", async () => {
  const mine = own((...delivery) => (delivery[0].path === "/failed" ? new Response("ok") : broken(...delivery)));
  const { client, call, name, shop } = mine;
  const { messageId } = await client.publishJSON({
    url: shop.url,
    body: { n: 1 },
    method: "PUT",
    headers: { "X-Shop": "a" },
    retries: 0,
    retryDelay: "7000 * retried",
    label: [name, `${name}-b`],
    flowControl: { key: name, parallelism: 10, rate: 5, period: "1d" },
    failureCallback: `${shop.url}/failed`,
  });
  const letter = await eventually(async () => (await client.dlq.listMessages({ filter: { messageId } })).messages[0]);
  const expected = {
    messageId,
    url: shop.url,
    method: "PUT",
    header: { "Content-Type": ["application/json"], "X-Shop": ["a"] },
    body: '{"n":1}',
    maxRetries: 0,
    retryDelayExpression: "7000 * retried",
    label: name,
    labels: [name, `${name}-b`],
    flowControlKey: name,
    parallelism: 10,
    rate: 5,
    period: 86_400,
    failureCallback: `${shop.url}/failed`,
    createdAt: expect.any(Number),
    notBefore: expect.any(Number),
    callerIP: expect.any(String),
    responseStatus: 503,
    responseBody: "out of order",
  };
  expect(letter).toMatchObject(expected as object);
  expect(letter?.dlqId).toMatch(/^\d+-\d+$/);
  expect(letter?.responseHeader?.["X-Reason"]).toEqual(["tired"]);
  expect(await json(await call("GET", `/v2/dlq/${letter!.dlqId}`))).toMatchObject(expected as object);
  expect((await call("GET", `/v2/messages/${messageId}`)).status).toBe(404);
});

test("an answer that is no text is kept as base64", async () => {
  const [letter] = await die(
    own(() => new Response(new Uint8Array([255, 0]), { status: 500 })),
    {},
  );
  expect([letter?.responseBody ?? "", letter?.responseBodyBase64]).toEqual(["", "/wA="]);
});

test("dead letters are found by each of their filters, by several values of one, and by several filters", async () => {
  const mine = own(({ path }) => new Response("", { status: path === "/1" ? 410 : 500 }));
  const { client, name, shop, after } = mine;
  after(() => client.urlGroups.delete(name));
  after(() => client.queue({ queueName: name }).delete());
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: `${shop.url}/group` }] });
  const flowControl = { key: name, parallelism: 1 };
  const [a, b] = await die(
    mine,
    { label: [name, `${name}-a`], queueName: name },
    { label: [name, `${name}-b`], flowControl },
  );
  const [grouped] = await client.publish({ urlGroup: name, label: name, retries: 0 });
  const find = async (filter: object) => {
    const { messages } = await client.dlq.listMessages({ filter: { label: name, ...filter } });
    return messages
      .map(({ messageId }) => ({ [a!.messageId]: "a", [b!.messageId]: "b" })[messageId] ?? "c")
      .sort()
      .join("");
  };
  await eventually(async () => (await find({})) === "abc");
  const { callerIP = "" } = a as { callerIP?: string };
  const filters: [filter: object, found: string][] = [
    [{ messageId: grouped!.messageId }, "c"],
    [{ url: `${shop.url}/0` }, "a"],
    [{ url: [`${shop.url}/0`, `${shop.url}/group`] }, "ac"],
    [{ label: `${name}-b` }, "b"],
    [{ label: [`${name}-a`, `${name}-b`, "other"] }, "ab"],
    [{ urlGroup: name }, "c"],
    [{ queueName: [name, "other"] }, "a"],
    [{ flowControlKey: name }, "b"],
    [{ responseStatus: 410 }, "b"],
    [{ responseStatus: [410, 500] }, "abc"],
    [{ callerIp: callerIP }, "abc"],
    [{ callerIp: "203.0.113.7" }, ""],
    [{ scheduleId: "none" }, ""],
    [{ fromDate: now() - 600_000, toDate: new Date(now() + 60_000) }, "abc"],
    [{ fromDate: now() + 60_000 }, ""],
    [{ toDate: now() - 600_000 }, ""],
    [{ responseStatus: 500, url: `${shop.url}/0` }, "a"],
    [{ responseStatus: 410, url: `${shop.url}/0` }, ""],
  ];
  for (const [filter, found] of filters) expect([filter, await find(filter)]).toEqual([filter, found]);
  const { messages } = await client.dlq.listMessages({ dlqIds: [a!.dlqId, b!.dlqId] });
  expect(messages.map(({ dlqId }) => dlqId).sort()).toEqual([a!.dlqId, b!.dlqId].sort());
});

test("dead letters are listed a page at a time, each once; the last page has no cursor", async () => {
  const mine = own(broken);
  const letters = await die(mine, {}, {}, {}, {}, {});
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 4; pages++) {
    const page = await mine.client.dlq.listMessages({
      count: 2,
      filter: { label: mine.name },
      ...(cursor && { cursor }),
    });
    seen.push(...page.messages.map(({ dlqId }) => dlqId));
    cursor = page.cursor;
    if (!cursor) break;
  }
  expect(cursor || undefined).toBeUndefined();
  expect(seen.sort()).toEqual(letters.map(({ dlqId }) => dlqId).sort());
});

test("a dead letter retried is a new message with all its tries; it leaves the dead letters", async () => {
  let works = false;
  const mine = own(() => new Response("", { status: works ? 200 : 500 }));
  const { client, call, shop } = mine;
  const [one, two] = await die(mine, { body: "1", headers: { "X-Shop": "a" } }, { body: "2" });
  works = true;
  const { responses } = await client.dlq.retry(one!.dlqId);
  const [, again] = await shop.got(2, "/0");
  expect(again?.headers.get("upstash-message-id")).toBe(responses[0]!.messageId);
  expect([again?.body, again?.headers.get("x-shop"), again?.headers.get("upstash-retried")]).toEqual(["1", "a", "0"]);
  const answer = await call("POST", `/v2/dlq/retry/${two!.dlqId}`);
  expect([answer.status, typeof (await json(answer)).messageId]).toEqual([201, "string"]);
  await shop.got(2, "/1");
  for (const { dlqId } of [one!, two!]) expect((await call("GET", `/v2/dlq/${dlqId}`)).status).toBe(404);
});

test("many dead letters are retried by their ids or by a filter, as many as wanted at a time", async () => {
  const mine = own(broken);
  const { client, name } = mine;
  const letters = await die(mine, {}, {}, {}, {}, {});
  const left = async () => (await client.dlq.listMessages({ filter: { label: name } })).messages.length;
  const { responses } = await client.dlq.retry(letters.slice(0, 2).map(({ dlqId }) => dlqId));
  expect(new Set(responses.map(({ messageId }) => messageId)).size).toBe(2);
  await eventually(async () => (await left()) === 5); // dead again
  const old = letters.slice(2).map(({ url }) => url);
  expect((await client.dlq.retry({ filter: { label: name, url: old }, count: 2 })).responses.length).toBe(2);
  await eventually(async () => (await left()) === 5);
  expect((await client.dlq.retry({ filter: { label: name, responseStatus: 999 } })).responses).toEqual([]);
});

test("a retry may change the message: the same headers configure it as when it was published", async () => {
  const mine = own(broken);
  const { client, call, shop } = mine;
  const [letter] = await die(mine, { body: "1", headers: { "X-Shop": "a", "X-Stays": "b" } });
  const headers = {
    "Upstash-Retries": "5",
    "Upstash-Delay": "1h",
    "Upstash-Method": "PUT",
    "Upstash-Retry-Delay": "1000",
    "Upstash-Callback": `${shop.url}/called`,
    "Upstash-Forward-X-Shop": "c",
  };
  const answer = await call("POST", `/v2/dlq/retry/${letter!.dlqId}`, { headers });
  const { messageId } = await json<{ messageId: string }>(answer);
  const message = await client.messages.get(messageId);
  expect(message).toMatchObject({
    url: letter!.url,
    body: "1",
    maxRetries: 5,
    method: "PUT",
    retryDelayExpression: "1000",
    callback: `${shop.url}/called`,
    header: { "X-Shop": ["c"], "X-Stays": ["b"] },
  });
  expect(message.notBefore! - message.createdAt).toBe(3_600_000);
});

test("dead letters are deleted by id, by ids and by filter", async () => {
  const mine = own(broken);
  const { client, call, name, shop } = mine;
  const letters = await die(mine, {}, {}, {}, {}, {}, {});
  const ids = letters.map(({ dlqId }) => dlqId);
  await client.dlq.delete(ids[0]!);
  expect((await call("GET", `/v2/dlq/${ids[0]}`)).status).toBe(404);
  expect((await call("DELETE", `/v2/dlq/${ids[0]}`)).status).toBe(404);
  expect((await client.dlq.delete([ids[0]!, ids[1]!])).deleted).toBe(1);
  expect((await client.dlq.deleteMany({ dlqIds: [ids[2]!] })).deleted).toBe(1);
  expect((await client.dlq.delete({ filter: { url: `${shop.url}/3` } })).deleted).toBe(1);
  expect((await client.dlq.delete({ filter: { label: name }, count: 1 })).deleted).toBe(1);
  expect((await client.dlq.listMessages({ filter: { label: name } })).messages.length).toBe(1);
  expect(await client.dlq.delete({ filter: { label: `${name}-none` } })).toMatchObject({ deleted: 0 });
});

onOurs("all dead letters are deleted, or retried, in steps with a cursor", async () => {
  const mine = own(broken);
  const { client } = mine;
  await die(mine, {}, {}, {});
  let retried = 0;
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const step = await client.dlq.retry({ all: true, count: 2, ...(cursor && { cursor }) });
    retried += step.responses.length;
    cursor = step.cursor;
  }
  expect(retried).toBe(3);
  await eventually(async () => (await client.dlq.listMessages()).messages.length === 3);
  const first = await client.dlq.delete({ all: true, count: 2 });
  expect([first.deleted, typeof first.cursor]).toEqual([2, "string"]);
  expect(await client.dlq.delete({ all: true, count: 2, cursor: first.cursor! })).toMatchObject({ deleted: 1 });
  expect((await client.dlq.listMessages()).messages).toEqual([]);
});

test("what is no dead letter is a 404, and a filter that is not known is refused", async () => {
  const { call } = own();
  const unknown = "1600000000000-0";
  const faults: [method: string, path: string, status: number][] = [
    ["GET", `/v2/dlq/${unknown}`, 404],
    ["DELETE", `/v2/dlq/${unknown}`, 404],
    ["POST", `/v2/dlq/retry/${unknown}`, 404],
    ["POST", `/v2/dlq/retry?dlqIds=${unknown}`, 404],
    ["GET", "/v2/dlq?labeel=x", 400],
    ["GET", "/v2/dlq?host=shop.test", 400],
    ["DELETE", "/v2/dlq?labeel=x", 400],
    ["POST", "/v2/dlq/retry?labeel=x", 400],
  ];
  for (const [method, path, status] of faults) {
    const answer = await call(method, path);
    expect([method, path, answer.status]).toEqual([method, path, status]);
    expect((await json(answer)).error).toBeString();
  }
});
