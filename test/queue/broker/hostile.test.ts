import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { closesAfterAnswer, type Hostile, hangs, hostile, misbehaviours } from "./hostile-destination.ts";
import { broker, destination, type Started, stopAll } from "./support.ts";

const opened: Hostile[] = [];

afterEach(async () => {
  await stopAll();
  for (const one of opened.splice(0)) one.stop();
});

function open(make: () => Hostile): Hostile {
  const made = make();
  opened.push(made);
  return made;
}

/** Has a hundred messages delivered to a healthy destination, each once, whatever the others do meanwhile. */
async function expectHealthy({ client }: Started): Promise<void> {
  const shop = destination();
  await client.batch(Array.from({ length: 100 }, (_, n) => ({ url: `${shop.url}/${n}` })));
  await until(() => shop.deliveries.length >= 100, undefined, "the healthy destination's deliveries");
  await Bun.sleep(20); // a second delivery of one would come right behind the first
  expect(new Set(shop.deliveries.map(({ path }) => path)).size).toBe(100);
  expect(shop.deliveries.length).toBe(100);
}

for (const [what, { make, end }] of Object.entries(misbehaviours)) {
  test(`a destination that ${what} harms nobody but itself`, async () => {
    const bad = open(make);
    const queue = await broker();
    const count = 20;
    const message = { url: bad.url, body: "x", retries: 0, timeout: (end === "delivered" ? "10s" : "500ms") as never };
    await queue.client.batch(Array.from({ length: count }, () => message));
    await until(() => bad.calls() > 0);
    await expectHealthy(queue);
    await until(() => queue.backlog() === 0);
    const { messages } = await queue.client.dlq.listMessages();
    expect(messages.length).toBe(end === "delivered" ? 0 : count);
    expect(messages.every(({ responseStatus }) => responseStatus === end)).toBe(true);
  });
}

test("a destination that closes its kept-alive connections gets each message", async () => {
  const bad = open(closesAfterAnswer);
  const queue = await broker();
  const message = { url: bad.url, retries: 5, retryDelay: "10" };
  for (let n = 0; n < 3; n++) await queue.client.batch(Array.from({ length: 100 }, () => message));
  await expectHealthy(queue);
  await until(() => queue.backlog() === 0);
  expect(bad.calls()).toBeGreaterThanOrEqual(300);
  expect((await queue.client.dlq.listMessages()).messages).toEqual([]);
});

test("a body without an end is cut, and so is one that unpacks to much: a megabyte of each is kept", async () => {
  const endless = open(() =>
    hostile((peer) => {
      peer.write("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (let n = 0; n < 40; n++) peer.write(`ea60\r\n${"x".repeat(60_000)}\r\n`);
    }),
  );
  const packed = Bun.gzipSync(new Uint8Array(50_000_000).fill(120));
  const headers = { "Content-Encoding": "gzip" };
  const shop = destination(() => new Response(packed, { status: 500, headers }));
  const { client, backlog } = await broker();
  await client.publish({ url: shop.url, retries: 0 });
  await client.publish({ url: endless.url, retries: 0, timeout: "30s" });
  await until(() => backlog() === 0);
  const { messages } = await client.dlq.listMessages();
  expect(messages.map(({ responseBody }) => responseBody?.length)).toEqual([1_048_576, 1_048_576]);
});

const forLong = { retries: 0, timeout: "1h" } as const;

test("a destination that hangs under hundreds of flow keys and in queues holds up no other", async () => {
  const bad = open(hangs);
  const queue = await broker();
  const flows = Array.from({ length: 300 }, (_, n) => ({
    url: `${bad.url}/${n}`,
    flowControl: { key: `k${n}`, parallelism: 5 },
    ...forLong,
  }));
  const queues = Array.from({ length: 100 }, (_, n) => ({ url: bad.url, queueName: `q${n}`, ...forLong }));
  await queue.client.batch([...flows, ...queues]);
  await until(() => bad.calls() >= 100);
  await expectHealthy(queue);
  await expectHealthy(queue);
});

test("dozens of destinations that hang hold up no other", async () => {
  const bad = Array.from({ length: 50 }, () => open(hangs));
  const queue = await broker();
  for (const { url } of bad) await queue.client.batch(Array.from({ length: 20 }, () => ({ url, ...forLong })));
  await until(() => bad.reduce((sum, { calls }) => sum + calls(), 0) >= 100);
  await expectHealthy(queue);
});

test("more destinations hang than there are slots: one that is known to answer is still served", async () => {
  const queue = await broker();
  const shop = destination();
  await queue.client.publish({ url: `${shop.url}/known` });
  await until(() => shop.deliveries.length === 1);
  const bad = Array.from({ length: 250 }, () => open(hangs));
  await queue.client.batch(bad.map(({ url }) => ({ url, ...forLong })));
  await until(() => bad.filter(({ calls }) => calls() > 0).length >= 150);
  await Bun.sleep(50); // as many calls as there are slots are under way
  await queue.client.batch(Array.from({ length: 50 }, (_, n) => ({ url: `${shop.url}/${n}` })));
  await until(() => shop.deliveries.length === 51);
});

test("a destination that hangs and then answers again gets all that waited for it, each message once", async () => {
  let isIll = true;
  const letGo: (() => void)[] = [];
  const shop = destination(async () => {
    if (isIll) await new Promise<void>((resolve) => letGo.push(resolve));
    return new Response();
  });
  const { client, backlog } = await broker();
  const flow = (n: number) => ({ url: `${shop.url}/${n}`, flowControl: { key: `k${n % 150}`, parallelism: 2 } });
  for (let at = 0; at < 600; at += 100) await client.batch(Array.from({ length: 100 }, (_, n) => flow(at + n)));
  await until(() => letGo.length >= 100);
  isIll = false;
  for (const go of letGo) go();
  await until(() => backlog() === 0);
  expect(shop.deliveries.map(({ path }) => Number(path.slice(1))).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 600 }, (_, n) => n),
  );
});

test("half of the slots hang at one address, in many flows: another flow to it is still served", async () => {
  const shop = destination(({ path }) => (path === "/slow" ? new Promise<Response>(() => {}) : new Response()));
  const { client } = await broker();
  const slow = Array.from({ length: 50 }, (_, n) => ({
    url: `${shop.url}/slow`,
    flowControl: { key: `endpoint ${n}`, parallelism: 2 },
    ...forLong,
  }));
  await client.batch([...slow, ...slow, ...slow]);
  await until(() => shop.to("/slow").length === 100);
  const fast = { url: `${shop.url}/fast`, flowControl: { key: "fast", parallelism: 8 } };
  await client.batch(Array.from({ length: 200 }, () => fast));
  await until(() => shop.to("/fast").length === 200);
});
