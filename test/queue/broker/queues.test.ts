import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

test("a queue's parallelism opens as many slots from the front; a delayed message keeps its own", async () => {
  let open = 0;
  let most = 0;
  const shop = destination(async () => {
    most = Math.max(most, ++open);
    await Bun.sleep(5);
    open -= 1;
    return new Response();
  });
  const { client, backlog, pass } = await broker();
  const queue = client.queue({ queueName: "wide" });
  await queue.upsert({ parallelism: 3, paused: true });
  await queue.enqueue({ url: `${shop.url}/late`, delay: "1h" });
  for (let n = 0; n < 9; n++) await queue.enqueue({ url: `${shop.url}/${n}` });
  await queue.resume();
  await until(() => backlog() === 1);
  expect(most).toBe(2);
  pass(3_600_000);
  await until(() => backlog() === 0);
  expect(shop.deliveries.at(-1)?.path).toBe("/late");
});

test("a paused queue keeps what comes; resuming begins with the earliest; cancelling the first lets the next go", async () => {
  const shop = destination(({ path }) => new Response("", { status: path === "/first" ? 500 : 200 }));
  const { client, backlog } = await broker();
  const queue = client.queue({ queueName: "held" });
  await queue.pause();
  const { messageId } = await queue.enqueue({ url: `${shop.url}/first`, retryDelay: "3600000" });
  await queue.enqueue({ url: `${shop.url}/second` });
  expect(await queue.get()).toMatchObject({ name: "held", paused: true, parallelism: 1, lag: 2 });
  expect(shop.deliveries).toEqual([]);
  await queue.resume();
  await until(() => shop.deliveries.length === 1);
  await client.messages.cancel(messageId);
  await until(() => backlog() === 0);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(["/first", "/second"]);
});

test("a queue and its order survive a restart", async () => {
  const shop = destination();
  const first = await broker();
  const queue = first.client.queue({ queueName: "kept" });
  await queue.upsert({ parallelism: 1, paused: true });
  for (let n = 0; n < 20; n++) await queue.enqueue({ url: `${shop.url}/${n}` });
  await first.stop();
  const again = await broker({ path: first.path });
  await Bun.sleep(20);
  expect(shop.deliveries).toEqual([]);
  await again.client.queue({ queueName: "kept" }).resume();
  await until(() => again.backlog() === 0);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, n) => `/${n}`));
});
