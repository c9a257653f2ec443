import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { parkPlanning } from "../../src/campaign/run/parking.ts";
import { askAdmin, dataOf } from "../support/ask.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const env = { QUEUE_RETRIES: "0" };

/** Makes every statement fail that writes the inbox of a member whose number `when` selects. */
async function poison(shop: Shop, when: string): Promise<void> {
  await shop.ctx.db.write([
    sql.raw(`CREATE TRIGGER poison BEFORE INSERT ON inbox WHEN ${when} BEGIN SELECT RAISE(ABORT, 'poison'); END`),
  ]);
}
const cure = (shop: Shop) => shop.ctx.db.write([sql`DROP TRIGGER poison`]);

interface Letter {
  readonly letterId: string;
  readonly job: string;
  readonly payload: Record<string, number>;
}
const letters = async (shop: Shop, args = "") => {
  const fields = "letterId messageId job payload status answer retries createdAt diedAt";
  return dataOf(
    await askAdmin(shop, `{ deadLetters${args} { nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`),
  ).deadLetters as { nodes: Letter[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
};
const act = async (shop: Shop, verb: string, letterId: string) => {
  const text = `mutation ($id: String!) { ${verb}(input: { letterId: $id }) { __typename } }`;
  return dataOf(await askAdmin(shop, text, { id: letterId }))[verb].__typename;
};

test("I12 a poisoned page holds back nothing else, fails its run, and completes it when it is replayed", async () => {
  const shop = await openShop({ env });
  await shop.members(500);
  await poison(shop, "NEW.member = 250");
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 400 });
  const { nodes } = await letters(shop);
  expect(nodes).toMatchObject([
    {
      job: "campaign-page",
      payload: { run, page: 2 },
      status: 500,
      retries: 0,
      answer: expect.stringContaining("failed"),
    },
  ]);
  expect(JSON.stringify(nodes)).not.toContain("poison");

  // Replayed before its cause is mended, it dies again and the run fails again.
  expect(await act(shop, "replayDeadLetter", nodes[0]?.letterId ?? "")).toBe("DeadLetter");
  const again = await until(async () =>
    (await letters(shop)).nodes.find(({ letterId }) => letterId !== nodes[0]?.letterId),
  );
  await shop.becomes(run, "FAILED");

  await cure(shop);
  expect(await act(shop, "replayDeadLetter", again?.letterId ?? "")).toBe("DeadLetter");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 500 });
  expect(await shop.faults(run)).toEqual([]);
  expect((await letters(shop)).nodes).toEqual([]);
  expect(await act(shop, "replayDeadLetter", again?.letterId ?? "")).toBe("NotFound");
});

test("I12 a run that cannot be planned further ends FAILED, and completes once its planning is replayed", async () => {
  const shop = await openShop({ env: { ...env, PAGE_SIZE: "2" } });
  await shop.members(500);
  await shop.ctx.db.write([
    sql.raw(
      `CREATE TRIGGER poison BEFORE INSERT ON page WHEN NEW.number = 150 BEGIN SELECT RAISE(ABORT, 'poison'); END`,
    ),
  ]);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  const [letter] = (await letters(shop)).nodes;
  expect(letter).toMatchObject({ job: "campaign-plan", payload: { run, from: 200 } });
  await shop.sweep();
  expect(await shop.state(run)).toBe("FAILED");
  await cure(shop);
  expect(await act(shop, "replayDeadLetter", letter?.letterId ?? "")).toBe("DeadLetter");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 500 });
  expect(await shop.faults(run)).toEqual([]);
});

test("I12 a run that cannot be started ends FAILED, and begins when its start is replayed", async () => {
  const shop = await openShop({ env });
  await shop.members(20);
  await shop.ctx.db.write([
    sql.raw(`CREATE TRIGGER poison BEFORE UPDATE OF frozen ON run BEGIN SELECT RAISE(ABORT, 'poison'); END`),
  ]);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  await cure(shop);
  const [letter] = (await letters(shop)).nodes;
  expect(await act(shop, "replayDeadLetter", letter?.letterId ?? "")).toBe("DeadLetter");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 20 });
});

test("I12 cancelling a run that could not be started ends it, and the sweep goes on", async () => {
  const shop = await openShop({ env });
  await shop.members(20);
  await shop.ctx.db.write([
    sql.raw(`CREATE TRIGGER poison BEFORE UPDATE OF frozen ON run BEGIN SELECT RAISE(ABORT, 'poison'); END`),
  ]);
  const run = await shop.launched({ channels: ["EMAIL"] });
  await shop.becomes(run, "FAILED");
  await shop.cancel(run);
  expect(await shop.state(run)).toBe("CANCELLED");
  shop.pass(120_000);
  expect(await shop.sweep()).toEqual({ reissued: 0 });
});

test("I12 a run cancelled while its planning stays poisoned ends FAILED, and CANCELLED when replayed", async () => {
  const shop = await openShop({ env });
  await shop.members(20);
  await shop.ctx.db.write([
    sql.raw(`CREATE TRIGGER poison BEFORE UPDATE OF planned_to ON run BEGIN SELECT RAISE(ABORT, 'poison'); END`),
  ]);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  await shop.cancel(run);
  await shop.becomes(run, "FAILED");
  await cure(shop);
  const [letter] = (await letters(shop, '(job: "campaign-plan")')).nodes;
  expect(await act(shop, "replayDeadLetter", letter?.letterId ?? "")).toBe("DeadLetter");
  await shop.becomes(run, "CANCELLED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP CANCELLED": 20 });
});

test("I12 a dead step that planning has left behind parks nothing", async () => {
  const shop = await openShop();
  await shop.members(20);
  const run = await shop.launched({ channels: ["IN_APP"], startsAt: Date.now() + 3_600_000 });
  await shop.ctx.db.write([sql`UPDATE run SET state = 'RUNNING', planned_to = 10 WHERE id = ${run}`]);
  await parkPlanning(shop.ctx, { run });
  expect(await shop.state(run)).toBe("RUNNING");
  await parkPlanning(shop.ctx, { run, from: 10 });
  expect(await shop.state(run)).toBe("FAILED");
});

test("I12 a poisoned batch of an external channel is replayed to the same members, none gets it twice", async () => {
  const shop = await openShop({ env });
  await shop.members(250);
  await shop.ctx.db.write([
    sql.raw(`CREATE TRIGGER poison BEFORE UPDATE OF state ON send WHEN NEW.member = 120 AND NEW.state = 'SENT'
      BEGIN SELECT RAISE(ABORT, 'poison'); END`),
  ]);
  const run = await shop.launched({ channels: ["EMAIL"] });
  await shop.becomes(run, "FAILED");
  const { nodes } = await letters(shop, '(job: "channel-send")');
  expect(nodes).toHaveLength(1);
  await cure(shop);
  expect(await act(shop, "replayDeadLetter", nodes[0]?.letterId ?? "")).toBe("DeadLetter");
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "EMAIL SENT": 250 });
  expect(await shop.faults(run)).toEqual([]);
});

test("dead letters come page by page, and a job's are replayed together, so many at a time", async () => {
  const shop = await openShop({ env });
  await shop.members(700);
  await poison(shop, "1");
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  const first = await letters(shop, "(first: 4)");
  const rest = await letters(shop, `(first: 4, after: "${first.pageInfo.endCursor}")`);
  expect(first).toMatchObject({ pageInfo: { hasNextPage: true } });
  expect(rest).toMatchObject({ pageInfo: { hasNextPage: false } });
  const pages = [...first.nodes, ...rest.nodes].map(({ payload }) => payload.page);
  expect(pages.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect((await letters(shop, '(job: "campaign-plan")')).nodes).toEqual([]);

  await cure(shop);
  const replay = async (limit: number) => {
    const text = `mutation { replayDeadLetters(input: { job: "campaign-page", limit: ${limit} }) {
      __typename ... on DeadLetterReplays { replayed more } } }`;
    return dataOf(await askAdmin(shop, text)).replayDeadLetters;
  };
  expect(await replay(101)).toEqual({ __typename: "InvalidInput" });
  expect(await replay(5)).toMatchObject({ replayed: 5, more: true });
  expect(await replay(100)).toMatchObject({ replayed: 2, more: false });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 700 });
  expect(await replay(100)).toMatchObject({ replayed: 0, more: false });
});

test("what another installation left in the queue is not shown, replayed or deleted; ours goes for good", async () => {
  const shop = await openShop({ env });
  const { client } = shop.app.queue;
  await client.publish({ url: `${shop.app.url}/elsewhere`, body: "x", retries: 0 });
  await client.publish({ url: `${shop.app.url}/jobs/campaign-page`, body: '{"run":"x"}', retries: 3 });
  const dead = async () => (await client.dlq.listMessages()).messages;
  await until(async () => (await dead()).length >= 2);
  await until(async () => (await letters(shop)).nodes.length > 0);
  const { nodes } = await letters(shop);
  expect(nodes).toMatchObject([{ job: "campaign-page", payload: { run: "x" }, status: 489 }]);
  const foreign = (await dead()).find(({ url }) => url.endsWith("/elsewhere"))?.dlqId ?? "";
  expect(await act(shop, "replayDeadLetter", foreign)).toBe("NotFound");
  expect(await act(shop, "deleteDeadLetter", foreign)).toBe("NotFound");
  expect(await act(shop, "deleteDeadLetter", nodes[0]?.letterId ?? "")).toBe("DeadLetter");
  expect(await act(shop, "deleteDeadLetter", nodes[0]?.letterId ?? "")).toBe("NotFound");
  expect((await letters(shop)).nodes).toEqual([]);
});
