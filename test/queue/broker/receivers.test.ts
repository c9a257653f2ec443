import { afterEach, expect, test } from "bun:test";
import { Receiver } from "@upstash/qstash";
import { standingOrigin } from "../../../src/queue/broker/standing.ts";
import { freePort } from "../../support/port.ts";
import { until } from "../../support/wait.ts";
import { broker, destination, keys, type Started, stopAll } from "./support.ts";

afterEach(stopAll);

const origin = standingOrigin("shop");
const announce = ({ call }: Started, receiver: string, method = "POST") =>
  call(method, "/v2/receivers", { body: JSON.stringify({ origin, receiver }) });
const logOf = async ({ client }: Started) => (await client.logs()).logs.map(({ state }) => state).reverse();

test("what is for a standing origin waits untried until somebody takes it, and is signed for it", async () => {
  const queue = await broker();
  await queue.client.publish({ url: `${origin}/jobs/a?b=1`, body: "hello" });
  const shop = destination();
  expect(await logOf(queue)).toEqual(["CREATED"]);
  expect((await announce(queue, shop.url)).status).toBe(200);
  const { path, body, headers } = await shop.first();
  expect([path, body, headers.get("upstash-retried")]).toEqual(["/jobs/a?b=1", "hello", "0"]);
  const signed = { signature: headers.get("upstash-signature") ?? "", body, url: `${origin}/jobs/a?b=1` };
  const receiver = new Receiver({ currentSigningKey: keys.currentSigningKey, nextSigningKey: keys.nextSigningKey });
  expect(await receiver.verify({ ...signed, clockTolerance: 10 })).toBe(true);
});

test("receivers take turns; one that is gone costs no try, and one that withdraws gets no more", async () => {
  const queue = await broker();
  const [one, two] = [destination(), destination()];
  const gone = `http://127.0.0.1:${freePort()}`;
  for (const url of [one.url, gone, two.url]) await announce(queue, url);
  const publish = (n: number) =>
    queue.client.batch(Array.from({ length: n }, (_, i) => ({ url: `${origin}/${i}`, retries: 0 })));
  await publish(12);
  await until(() => one.deliveries.length + two.deliveries.length === 12);
  expect(Math.min(one.deliveries.length, two.deliveries.length)).toBeGreaterThan(2);
  await announce(queue, one.url, "DELETE");
  const before = one.deliveries.length;
  await publish(4);
  await until(() => two.deliveries.length + before === 16);
  expect(one.deliveries.length).toBe(before);
  expect((await queue.client.dlq.listMessages()).messages).toEqual([]);
});

test("a message that is cancelled while nobody takes it is not delivered", async () => {
  const queue = await broker();
  const { messageId } = await queue.client.publish({ url: `${origin}/a` });
  await queue.client.messages.cancel([messageId]);
  const shop = destination();
  await announce(queue, shop.url);
  await queue.client.publish({ url: `${origin}/b` });
  expect((await shop.first()).path).toBe("/b");
  await until(() => queue.backlog() === 0);
});

test("a receiver that dies with a message in its hands costs it no try: the next one takes it", async () => {
  const queue = await broker();
  const shop = Bun.spawn([process.execPath, "-e", killedBy("/poison")], { stdout: "pipe" });
  const { value } = await shop.stdout.getReader().read();
  await announce(queue, new TextDecoder().decode(value).trim());
  await queue.client.publish({ url: `${origin}/poison`, retries: 0 });
  await shop.exited;
  await announce(queue, destination().url);
  await until(() => queue.backlog() === 0);
  expect(await logOf(queue)).toEqual(["CREATED", "ACTIVE", "DELIVERED"]);
});

test("a message whose receivers break off again and again is poison: that uses up its tries", async () => {
  const queue = await broker();
  const cutter = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.terminate() } });
  const receiver = `http://127.0.0.1:${cutter.port}`;
  await queue.client.publish({ url: `${origin}/poison`, retries: 0 });
  await until(async () => {
    await announce(queue, receiver);
    return queue.backlog() === 0;
  });
  cutter.stop(true);
  expect((await queue.client.dlq.listMessages()).messages.length).toBe(1);
});

test("an announcement for an address of the network, or by nobody, is refused", async () => {
  const queue = await broker();
  const ask = (what: unknown) => queue.call("POST", "/v2/receivers", { body: JSON.stringify(what) });
  expect((await ask({ origin: "https://shop.test", receiver: "http://127.0.0.1:1" })).status).toBe(400);
  expect((await ask({ origin, receiver: "http://127.0.0.1:1/path" })).status).toBe(400);
  expect((await ask({ origin })).status).toBe(400);
});

/** A server that ends when this is asked of it. */
function killedBy(path: string): string {
  return `
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: ({ url }) => {
      if (url.endsWith("${path}")) process.exit(9);
      return new Response();
    } });
    console.log(server.url.origin);`;
}
