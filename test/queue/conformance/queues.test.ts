import { expect, test } from "bun:test";
import { soon } from "./place.ts";
import { awhile, conformance, eventually, json, type Own, own } from "./support.ts";

conformance();

/** A queue of the test's own. */
function queueOf({ client, name, after }: Own) {
  const queue = client.queue({ queueName: name });
  after(() => queue.delete());
  return queue;
}

test("a queue is made, shown, changed, listed and deleted", async () => {
  const mine = own();
  const queue = queueOf(mine);
  await queue.upsert({ parallelism: 2 });
  const made = await queue.get();
  expect(made).toMatchObject({ name: mine.name, parallelism: 2, paused: false, lag: 0 });
  expect([typeof made.createdAt, made.updatedAt >= made.createdAt]).toEqual(["number", true]);
  await queue.upsert({ parallelism: 3 });
  expect(await queue.get()).toMatchObject({ parallelism: 3, createdAt: made.createdAt });
  expect((await mine.client.queue().list()).map(({ name }) => name)).toContain(mine.name);
  await queue.delete();
  expect((await mine.client.queue().list()).map(({ name }) => name)).not.toContain(mine.name);
  await expect(queue.get()).rejects.toThrow();
});

test("a queue is paused and resumed, by calls of their own and by setting it up", async () => {
  const queue = queueOf(own());
  await queue.upsert({ parallelism: 1, paused: true });
  const paused = async () => (await queue.get()).paused;
  expect(await paused()).toBe(true);
  await queue.resume();
  expect(await paused()).toBe(false);
  await queue.resume();
  await queue.pause();
  expect(await paused()).toBe(true);
  await queue.upsert({ paused: false });
  expect(await paused()).toBe(false);
});

test("the first message makes its queue, with a parallelism of 1", async () => {
  const mine = own();
  const queue = queueOf(mine);
  const { messageId } = await queue.enqueueJSON({ url: mine.shop.url, label: mine.name, body: { n: 1 } });
  const [delivery] = await mine.shop.got(1);
  expect([delivery?.body, delivery?.headers.get("upstash-message-id")]).toEqual(['{"n":1}', messageId]);
  expect((await queue.get()).parallelism).toBe(1);
});

test("a queue delivers one after the other, in order, and the next waits while one is tried again", async () => {
  const mine = own(({ body }, nth) => new Response("", { status: body === "b" && nth < 4 ? 500 : 200 }));
  const queue = queueOf(mine);
  await queue.upsert({ parallelism: 1 });
  for (const body of ["a", "b", "c", "d"]) {
    await queue.enqueue({ url: mine.shop.url, label: mine.name, body, retryDelay: soon, retries: 5 });
  }
  await mine.shop.got(6);
  await awhile();
  expect(mine.shop.deliveries.map(({ body }) => body).join("")).toBe("abbbcd");
});

test("what is behind in a queue waits for callbacks and failure callbacks, too", async () => {
  const mine = own(async ({ path }, nth) => {
    if (path !== "/bad") await Bun.sleep(10); // the next in the queue could overtake
    return new Response("", { status: path === "/bad" || (path === "/called" && nth === 1) ? 500 : 200 });
  });
  const queue = queueOf(mine);
  const { name: label, shop } = mine;
  await queue.upsert({ parallelism: 1 });
  const headers = { "Upstash-Callback-Retry-Delay": soon, "Upstash-Callback-Retries": "1" };
  await queue.enqueue({
    url: `${shop.url}/bad`,
    label,
    retries: 1,
    retryDelay: soon,
    failureCallback: `${shop.url}/failed`,
  });
  await queue.enqueue({ url: `${shop.url}/good`, label, callback: `${shop.url}/called`, headers });
  await queue.enqueue({ url: `${shop.url}/last`, label });
  await shop.got(1, "/last");
  expect(shop.deliveries.map(({ path }) => path)).toEqual([
    "/bad",
    "/bad",
    "/failed",
    "/good",
    "/called",
    "/called",
    "/last",
  ]);
});

test("no more run at once than the queue's parallelism, and so many do", async () => {
  let open = 0;
  let most = 0;
  const letGo: (() => void)[] = [];
  const mine = own(async () => {
    most = Math.max(most, ++open);
    await new Promise<void>((resolve) => letGo.push(resolve));
    open -= 1;
    return new Response();
  });
  const queue = queueOf(mine);
  await queue.upsert({ parallelism: 3 });
  for (let n = 0; n < 8; n++) await queue.enqueue({ url: `${mine.shop.url}/${n}`, label: mine.name });
  await eventually(() => letGo.length === 3);
  await awhile();
  expect(mine.shop.deliveries.length).toBe(3);
  await eventually(() => {
    letGo.shift()?.();
    return mine.shop.deliveries.length === 8 && open === 0;
  });
  expect(most).toBe(3);
});

test("a paused queue keeps what comes and counts it; resumed, it begins with the earliest", async () => {
  const mine = own();
  const queue = queueOf(mine);
  await queue.upsert({ parallelism: 1, paused: true });
  for (let n = 0; n < 4; n++) await queue.enqueue({ url: `${mine.shop.url}/${n}`, label: mine.name });
  await awhile();
  expect(mine.shop.deliveries).toEqual([]);
  expect(await queue.get()).toMatchObject({ paused: true, lag: 4 });
  await queue.resume();
  await mine.shop.got(4);
  expect(mine.shop.deliveries.map(({ path }) => path)).toEqual(["/0", "/1", "/2", "/3"]);
  await eventually(async () => (await queue.get()).lag === 0);
});

test("a queue goes on past the dead, and past what was cancelled", async () => {
  const mine = own(({ path }) => new Response("", { status: path === "/dead" ? 500 : 200 }));
  const queue = queueOf(mine);
  const { client, name: label, shop } = mine;
  await queue.upsert({ parallelism: 1, paused: true });
  await queue.enqueue({ url: `${shop.url}/dead`, label, retries: 0 });
  const { messageId } = await queue.enqueue({ url: `${shop.url}/cancelled`, label });
  await queue.enqueue({ url: `${shop.url}/last`, label });
  await client.messages.cancel(messageId);
  await queue.resume();
  await shop.got(1, "/last");
  expect(shop.deliveries.map(({ path }) => path)).toEqual(["/dead", "/last"]);
});

test("a URL group may be enqueued: each of its endpoints gets its message, one after the other", async () => {
  const mine = own();
  const queue = queueOf(mine);
  const { client, name, shop, after } = mine;
  after(() => client.urlGroups.delete(name));
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: `${shop.url}/a` }, { url: `${shop.url}/b` }] });
  const answers = await queue.enqueue({ urlGroup: name, label: name, body: "x" });
  expect(answers.map(({ messageId }) => typeof messageId)).toEqual(["string", "string"]);
  await shop.got(2);
  expect(shop.deliveries.map(({ path }) => path).sort()).toEqual(["/a", "/b"]);
});

test("a message names its queue wherever it is shown", async () => {
  const mine = own(() => new Response("no", { status: 500 }));
  const queue = queueOf(mine);
  const { client, name } = mine;
  const { messageId } = await queue.enqueue({ url: mine.shop.url, label: name, retries: 1 });
  await mine.shop.got(1);
  expect((await client.messages.get(messageId)).queueName).toBe(name);
  const { logs } = await client.logs({ filter: { queueName: name } });
  expect(new Set(logs.map((entry) => entry.messageId))).toEqual(new Set([messageId]));
  expect(logs.every((entry) => "queueName" in entry && entry.queueName === name)).toBe(true);
});

test("a queue's name has letters, digits, hyphens, periods, underscores; its parallelism is at least 1", async () => {
  const { call, name, shop } = own();
  const upsert = (body: unknown) => call("POST", "/v2/queues", { body: JSON.stringify(body) });
  for (const queueName of ["a b", "a/b", "ü", ""])
    expect((await upsert({ queueName, parallelism: 1 })).status).toBe(400);
  for (const parallelism of [0, -1, "many"]) {
    const answer = await upsert({ queueName: name, parallelism });
    expect([parallelism, answer.status]).toEqual([parallelism, 400]);
    expect((await json(answer)).error).toBeString();
  }
  expect((await call("POST", "/v2/queues", { body: "{" })).status).toBe(400);
  expect((await call("GET", "/v2/queues/a%20b")).status).toBe(400);
  expect((await call("POST", `/v2/enqueue/a%20b/${shop.url}`)).status).toBe(400);
  expect((await call("GET", `/v2/queues/${name}`)).status).toBe(404);
});
