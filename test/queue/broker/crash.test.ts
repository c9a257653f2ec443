import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { killBrokers, spawnBroker } from "../../support/broker-victim.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterAll(stopAll);

afterAll(killBrokers);

test("every accepted message is delivered, though the broker is killed again and again", async () => {
  const path = join(tempDir(), "queue.db");
  const shop = destination(
    ({ path }, nth) => new Response("", { status: path.startsWith("/2") && nth === 1 ? 500 : 200 }),
  );
  const accepted = new Set<string>();
  let sent = 0;

  for (let round = 0; round < 6; round++) {
    const before = accepted.size;
    const victim = await spawnBroker(path);
    const publishing = (async () => {
      for (;;) {
        const batch = Array.from({ length: 25 }, () => {
          const kind = sent % 3;
          return {
            url: `${shop.url}/${kind}/${sent++}`,
            retryDelay: "100",
            ...(kind === 1 ? { delay: "1s" as const } : {}),
          };
        });
        const answers = await victim.client.batch(batch);
        for (const answer of answers) accepted.add((answer as { messageId: string }).messageId);
      }
    })();
    publishing.catch(() => {});
    await until(() => accepted.size > before);
    await Bun.sleep(Math.random() * 160); // somewhere in the batches
    await victim.kill();
    await publishing.catch(() => {});
  }

  const last = await broker({ path });
  await until(() => last.backlog() === 0, 40_000);
  const delivered = new Set(shop.deliveries.map(({ headers }) => headers.get("upstash-message-id")));
  expect([...accepted].filter((id) => !delivered.has(id))).toEqual([]);
  expect(accepted.size).toBeGreaterThan(100);
  expect((await last.client.dlq.listMessages()).messages).toEqual([]);
  console.log(`${accepted.size} accepted, ${shop.deliveries.length} deliveries over 6 kills`);
}, 60_000);

test("an answered publish is on disk: a broker killed at once afterwards still has it", async () => {
  const path = join(tempDir(), "queue.db");
  const victim = await spawnBroker(path);
  const { messageId } = await victim.client.publish({ url: "http://127.0.0.1:1/", delay: "1h", deduplicationId: "a" });
  await victim.kill();
  const again = await broker({ path });
  expect(again.backlog()).toBe(1);
  expect(await again.client.messages.get(messageId)).toMatchObject({ messageId });
  expect(await again.client.publish({ url: "http://127.0.0.1:1/", deduplicationId: "a" })).toMatchObject({ messageId });
});

test("a second broker on the same file is refused", async () => {
  const first = await broker();
  expect(broker({ path: first.path })).rejects.toThrow("Another broker");
});
