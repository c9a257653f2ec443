import { Database } from "bun:sqlite";
import { afterEach, expect, spyOn, test } from "bun:test";
import { adaptiveBatchSize } from "../../../src/queue/broker/api/batch-size.ts";
import { searchBack } from "../../../src/queue/broker/api/search-back.ts";
import { Committer } from "../../../src/queue/broker/store/commit.ts";
import { openStore } from "../../../src/queue/broker/store/store.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { broker, destination, put, type Started, stopAll } from "./support.ts";

afterEach(stopAll);

const later = { "Upstash-Delay": "1h" };

async function publishMany({ call }: Started, count: number, item: (n: number) => object): Promise<string[]> {
  const body = JSON.stringify(Array.from({ length: count }, (_, n) => item(n)));
  const answers = (await (await call("POST", "/v2/batch", { body })).json()) as {
    messageId?: string;
    error?: string;
  }[];
  return answers.map(({ messageId, error }) => messageId ?? error ?? "");
}

const json = async (answer: Promise<Response>) => {
  const { status } = await answer;
  return [status, await (await answer).json()];
};

test("a batch grows while work is quick, and shrinks while it is slow", () => {
  const batchSize = adaptiveBatchSize(2_000);
  const sizes: number[] = [];
  const work = (ms: number) => (size: number) => {
    sizes.push(size);
    now += ms;
  };
  let now = 0;
  const clock = spyOn(performance, "now").mockImplementation(() => now);
  try {
    for (const ms of [0, 0, 0, 40, 40, 0]) batchSize.run(work(ms));
  } finally {
    clock.mockRestore();
  }
  expect(sizes).toEqual([500, 1_000, 2_000, 2_000, 1_000, 500]);
});

test("the newest wanted rows are found however far back, once each, and all else has its turn meanwhile", async () => {
  const rows = Array.from({ length: 100_000 }, (_, n) => n * 3);
  const chunkStart = (before: number, length: number) => {
    const older = rows.filter((row) => row < before);
    return older[Math.max(0, older.length - length)];
  };
  const wanted = (first: number, end: number, limit: number) =>
    rows
      .filter((row) => row >= first && row < end && row % 30_000 === 0)
      .reverse()
      .slice(0, limit);
  let turns = 0;
  // As often as the loop turns.
  const timer = setInterval(() => {
    turns += 1;
  }, 0);
  expect(await searchBack({ chunkStart, wanted }, Number.MAX_SAFE_INTEGER, 4)).toEqual([
    270_000, 240_000, 210_000, 180_000,
  ]);
  expect(await searchBack({ chunkStart, wanted }, 30_001, 4)).toEqual([30_000, 0]);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
});

test("thousands of messages are published, found and cancelled in stretches: each of them, and no other", async () => {
  const started = await broker();
  const { call, client, backlog } = started;
  const ids = await publishMany(started, 5_000, (n) =>
    n % 1_000 === 7
      ? { destination: "nowhere at all" }
      : { destination: "http://shop.test/", headers: { ...later, "Upstash-Label": n % 2 === 0 ? "even" : "odd" } },
  );
  expect(ids.filter((id) => id.startsWith("invalid")).length).toBe(5);
  expect(backlog()).toBe(4_995);
  expect(await client.messages.cancel({ filter: { label: "odd" } })).toEqual({ cancelled: 2_495 });
  const messageIds = ids.slice(0, 3_000); // more than fit into an address
  expect(await json(call("DELETE", "/v2/messages", { body: JSON.stringify({ messageIds }) }))).toEqual([
    200,
    { cancelled: 1_500 },
  ]);
  expect(backlog()).toBe(1_000);
  const found = await json(call("GET", `/v2/logs?state=CREATED&messageId=${ids[0]}`));
  expect(found).toMatchObject([200, { logs: [{ messageId: ids[0] }] }]);
  const { logs } = await client.logs({ filter: { label: "odd", state: "CANCELLED" as never }, count: 1_000 });
  expect(logs.length).toBe(1_000);
});

test("a filter of thousands of values works, one of far too many is a 400 that says so", async () => {
  const { call, client } = await broker();
  const { messageId } = await client.publish({ url: "http://shop.test/", delay: "1h", label: "label 3" });
  const label = Array.from({ length: 4_000 }, (_, n) => `label ${n}`);
  const cancel = (wanted: object) => json(call("DELETE", "/v2/messages", { body: JSON.stringify(wanted) }));
  expect(await cancel({ label: label.slice(4) })).toEqual([200, { cancelled: 0 }]);
  expect(await cancel({ label })).toEqual([200, { cancelled: 1 }]);
  const messageIds = Array.from({ length: 8_000 }, (_, n) => `msg_${n}`);
  expect(await cancel({ messageIds: [...messageIds, messageId] })).toEqual([200, { cancelled: 0 }]);
  const tooMany = await cancel({ label: [...label, ...label, ...label] });
  expect(tooMany).toEqual([400, { error: "a filter may have 10000 values at most" }]);
  for (const where of [`/v2/logs?label=${"a,".repeat(5_000)}`, `/v2/dlq?dlqIds=${"1-1,".repeat(3_000)}`]) {
    expect((await call("GET", where)).status).toBe(200);
  }
});

test("what was cancelled keeps no large body", async () => {
  const { client, path } = await broker();
  const { messageId } = await client.publish({ url: "http://shop.test/", delay: "1h", body: "x".repeat(10_000) });
  await client.messages.cancel(messageId);
  using db = new Database(path, { readonly: true });
  expect(db.query("SELECT length(body) AS bytes FROM message").all()).toEqual([{ bytes: 0 }]);
});

test("limits of thousands of unused keys are forgotten in stretches; those that were set stay", async () => {
  const shop = destination();
  const started = await broker();
  const { client, call, backlog, pass } = started;
  const flows = async () => ((await (await call("GET", "/v2/flowControl")).json()) as unknown[]).length;
  await publishMany(started, 4_500, (n) => ({
    destination: n === 0 ? shop.url : "http://shop.test/",
    headers: { ...later, "Upstash-Flow-Control-Key": `member ${n}`, "Upstash-Flow-Control-Value": "parallelism=1" },
  }));
  await client.flowControl.pin("member 17", { parallelism: 2 });
  expect(await flows()).toBe(4_500);
  await client.messages.cancel({ all: true });
  pass(60_000);
  await until(async () => (await flows()) === 1);
  expect((await client.flowControl.get("member 17")).isPinnedParallelism).toBe(true);
  expect(backlog()).toBe(0);
});

test("work that fails alone is undone alone, and the counts are those of the table", async () => {
  const store = openStore(`${tempDir()}/queue.db`);
  const committer = new Committer(store);
  const work = ["a", "b", "c", "a", "d", "e"].map((id) => committer.commit(() => put(store, id)));
  expect((await Promise.allSettled(work)).map(({ status }) => status.at(0)).join("")).toBe("fffrff");
  expect([store.waiting(), store.ended()]).toEqual([5, 0]);
  await committer.commit(() => store.end(store.waitingOf.get("a")!.seq, 2));
  expect([store.waiting(), store.ended()]).toEqual([4, 1]);
  store.close();
});
