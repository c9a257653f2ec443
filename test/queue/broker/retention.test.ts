import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { Committer } from "../../../src/queue/broker/store/commit.ts";
import { openStore } from "../../../src/queue/broker/store/store.ts";
import { createSweeper } from "../../../src/queue/broker/store/sweeper.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { broker, destination, put, stopAll } from "./support.ts";

afterEach(stopAll);

const day = 86_400_000;

function rows(path: string): Record<string, number> {
  using db = new Database(path, { readonly: true });
  const count = (table: string) => db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()!.n;
  return Object.fromEntries(["message", "log", "deduplication", "flow", "dead"].map((table) => [table, count(table)]));
}

test("what has served its time goes: keys and limits soon, the log after 3 days, dead letters after 30", async () => {
  const shop = destination(({ path }) => new Response("", { status: path === "/bad" ? 500 : 200 }));
  const { client, backlog, pass, path } = await broker();
  const publish = (where: string) =>
    client.publish({
      url: `${shop.url}${where}`,
      retries: 0,
      deduplicationId: where,
      flowControl: { key: where, parallelism: 1 },
    });
  await publish("/good");
  await publish("/bad");
  await until(() => backlog() === 0);
  await client.logs(); // and with it the attempts that have just begun
  expect(rows(path)).toEqual({ message: 2, log: 7, deduplication: 2, flow: 2, dead: 1 });
  pass(700_000);
  await until(() => rows(path).deduplication === 0);
  expect(rows(path)).toEqual({ message: 2, log: 7, deduplication: 0, flow: 1, dead: 1 });
  pass(3 * day);
  await publish("/good");
  pass(60_000);
  await until(() => rows(path).message === 1 && backlog() === 0);
  await client.logs();
  expect(rows(path)).toMatchObject({ log: 3, dead: 1 });
  pass(31 * day);
  await publish("/good");
  pass(60_000);
  await until(() => rows(path).dead === 0);
});

test("the pages of delivered messages are given back to the disk", async () => {
  const { client, backlog, pass, path, stop } = await broker({ deliver: async () => new Response() });
  const body = "x".repeat(50_000);
  for (let n = 0; n < 4; n++) {
    await client.batch(Array.from({ length: 20 }, () => ({ url: "http://shop.test/", body, delay: "1h" as const })));
  }
  pass(3_600_000);
  await until(() => backlog() === 0);
  await until(() => {
    pass(60_000);
    using db = new Database(path, { readonly: true });
    return db.query<{ page_count: number }, []>("PRAGMA page_count").get()!.page_count < 400;
  });
  await stop();
  expect(statSync(path).size).toBeLessThan(2_000_000);
});

test("of the ended messages no more than a hundred thousand are kept for the log, the latest", async () => {
  const store = openStore(join(tempDir(), "queue.db"));
  store.db.transaction(() => {
    for (let n = 1; n <= 102_500; n++) {
      put(store, `msg_${n}`);
      store.log.run(n, n, "CREATED", null);
      if (n <= 102_400) store.end(n, n);
    }
  })();
  let next: number | undefined;
  const alarmAt = (time: number) => {
    next = time;
  };
  const sweeper = createSweeper({ store, committer: new Committer(store), alarmAt, onSwept: () => {} });
  sweeper.onActivity(200_000);
  await until(() => {
    if (next !== undefined) sweeper.onAlarm(next);
    return store.ended() <= 100_000;
  });
  expect([store.ended(), store.waiting()]).toEqual([100_000, 100]);
  expect(store.db.query("SELECT min(seq) AS first, count(*) AS n FROM log").get()).toEqual({
    first: 2_401,
    n: 100_100,
  });
  store.close();
});
