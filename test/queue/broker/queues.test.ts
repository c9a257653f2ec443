import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { openLane } from "../../../src/queue/broker/delivery/lane/open-lane.ts";
import { openStore } from "../../../src/queue/broker/store/store.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

test("a queue's parallelism opens as many slots from the front; a delayed message keeps its own", async () => {
  let open = 0;
  let most = 0;
  const shop = destination(async () => {
    most = Math.max(most, ++open);
    await Bun.sleep(5); // calls overlap
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

test("a paused queue keeps what comes; resumed, the earliest goes; the first cancelled, the next goes", async () => {
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
  await Bun.sleep(20); // paused, nothing comes
  expect(shop.deliveries).toEqual([]);
  await again.client.queue({ queueName: "kept" }).resume();
  await until(() => again.backlog() === 0);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, n) => `/${n}`));
});

test("what is paused and has nothing under way needs no memory, whatever waits for it", () => {
  const store = openStore(join(tempDir(), "queue.db"));
  store.saveQueue.run("q", 1, 1, 1);
  store.saveFlow.run("k", 1, null, null, 1, 0, 0);
  for (const key of ["queue:q", "flow:k"]) {
    const lane = openLane(store, key);
    lane.expectMore();
    expect([key, lane.isIdle(1)]).toEqual([key, true]);
  }
  store.saveQueue.run("q", 1, 0, 1);
  store.saveFlow.run("k", 1, null, null, 0, 0, 0);
  for (const key of ["queue:q", "flow:k"]) expect([key, openLane(store, key).isIdle(1)]).toEqual([key, false]);
  store.close();
});
