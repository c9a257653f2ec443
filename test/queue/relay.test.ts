import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { startBroker } from "../../src/queue/broker/index.ts";
import { enqueue } from "../../src/queue/outbox.ts";
import { openQueue } from "../../src/queue/qstash.ts";
import { startRelay } from "../../src/queue/relay.ts";
import { openTestDatabase } from "../support/database.ts";
import { freePort } from "../support/port.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const keys = { currentSigningKey: "c", nextSigningKey: "n" };

test("a queue that was away gets all that waited when it is back, however often it was asked in vain or left alone meanwhile", async () => {
  const port = freePort();
  const db = await openTestDatabase();
  const jobsUrl = "http://127.0.0.1:1/jobs";
  const queue = openQueue({ url: `http://127.0.0.1:${port}`, token: "t", ...keys, jobsUrl, retries: 0, flows: {} });
  let now = Date.now();
  const add = (n: number) =>
    db.write([enqueue([{ name: "job", payload: { n }, subject: `job/${n}`, notBefore: now + 3_600_000 }], now)]);
  const relay = startRelay(
    db,
    queue,
    () => {},
    () => now,
  );
  await add(1);
  for (const n of [2, 3, 4]) {
    await until(() => (queue.outage?.until ?? 0) > now);
    await relay.idle();
    await add(n); // it comes by, and leaves the queue alone
    await relay.idle();
    now = queue.outage?.until ?? now;
  }
  const broker = await startBroker({ path: join(tempDir(), "queue.db"), port, token: "t", ...keys });
  stops.push(() => broker.stop());
  now += 60_000;
  await until(() => broker.backlog() === 4);
  await until(async () => {
    const left = await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM outbox WHERE published_at IS NULL`);
    return left?.n === 0;
  });
  expect(queue.outage).toBeUndefined();
  await relay.stop();
});
