import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { RootDatabase } from "../../src/db/client.ts";
import { openBroker } from "../../src/own-broker.ts";
import { enqueue } from "../../src/queue/outbox.ts";
import { openQueue } from "../../src/queue/qstash.ts";
import { startRelay } from "../../src/queue/relay.ts";
import { realWorld } from "../../src/world.ts";
import { openTestDatabase } from "../support/database.ts";
import { freePort } from "../support/port.ts";
import { closeShops, openShop, shopEnv } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const stops: (() => unknown)[] = [closeShops];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

interface Item {
  readonly destination: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** A queue that answers as it is told, a relay that publishes to it, and an outbox to fill. */
async function relayTo(answer: (items: readonly Item[]) => Response) {
  const requests: (readonly Item[])[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const items: Item[] = JSON.parse(await request.text());
      requests.push(items);
      return answer(items);
    },
  });
  const db = await openTestDatabase();
  const queue = openQueue(
    {
      url: `http://127.0.0.1:${server.port}`,
      token: "t",
      currentSigningKey: "c",
      nextSigningKey: "n",
      installation: "test",
      jobsUrl: "http://127.0.0.1:1/jobs",
      retries: 3,
      flows: {},
    },
    realWorld,
  );
  let moved = 0;
  const pauses: number[] = [];
  const onLog = (event: string, { pauseMs }: Record<string, unknown>) =>
    void (event === "outbox.paused" && pauses.push(Number(pauseMs)));
  const relay = startRelay(db, queue, onLog, { ...realWorld, clock: () => Date.now() + moved });
  stops.push(
    () => server.stop(true),
    () => relay.stop(),
  );
  const pass = (ms: number) => {
    moved += ms;
  };
  return { db, requests, relay, pauses, pass };
}

const taken = (items: readonly Item[]) => Response.json(items.map((_, i) => ({ messageId: `msg_${i}` })));

function fill(db: RootDatabase, subjects: readonly string[]) {
  return db.write([
    enqueue(
      realWorld,
      subjects.map((subject) => ({ name: "job", payload: { subject }, subject })),
    ),
  ]);
}

async function waiting(db: RootDatabase): Promise<string[]> {
  const rows = await db.all<{ subject: string }>(
    sql`SELECT subject FROM outbox WHERE published_at IS NULL ORDER BY seq`,
  );
  return rows.map(({ subject }) => subject);
}

const numbered = (n: number) => Array.from({ length: n }, (_, i) => `s${i}`);

test("I10 messages leave in order, a hundred at a time, each under its row's id as the installation's", async () => {
  const { db, requests } = await relayTo(taken);
  await fill(db, numbered(250));
  await until(async () => (await waiting(db)).length === 0);
  expect(requests.map((items) => items.length)).toEqual([100, 100, 50]);
  const rows = await db.all<{ id: string }>(sql`SELECT id FROM outbox ORDER BY seq`);
  const ids = requests.flat().map(({ headers }) => new Headers(headers).get("upstash-deduplication-id"));
  expect(ids).toEqual(rows.map(({ id }) => `fanfare-test.${id}`));
});

test("I10 when the queue refuses one message of a batch, it waits with the reason, the others leave", async () => {
  const refuse = (items: readonly Item[]) =>
    Response.json(items.map(({ body }) => (body.includes("s7") ? { error: "too large" } : { messageId: "m" })));
  const { db } = await relayTo(refuse);
  await fill(db, numbered(10));
  await until(async () => (await waiting(db)).length === 1);
  expect(await waiting(db)).toEqual(["s7"]);
  const row = await db.first<{ error: string }>(sql`SELECT error FROM outbox WHERE subject = 's7'`);
  expect(row?.error).toContain("too large");
});

test("I12 a message for which the queue refuses the whole batch holds back no other", async () => {
  const refuse = (items: readonly Item[]) =>
    items.some(({ body }) => body.includes("s33")) ? Response.json({ error: "bad" }, { status: 400 }) : taken(items);
  const { db } = await relayTo(refuse);
  await fill(db, numbered(100));
  await until(async () => (await waiting(db)).length === 1);
  expect(await waiting(db)).toEqual(["s33"]);
  await fill(db, ["later"]);
  await until(async () => (await waiting(db)).length === 1);
});

test("a queue that is away is asked again after growing pauses, and all leaves soon after it is back", async () => {
  let away = true;
  const { db, pauses, pass } = await relayTo((items) => (away ? new Response("", { status: 503 }) : taken(items)));
  await fill(db, numbered(500));
  await until(() => {
    pass(10_000);
    return pauses.length >= 3;
  });
  expect(pauses.slice(0, 3)).toEqual([250, 500, 1_000]);
  expect((await waiting(db)).length).toBe(500);
  away = false;
  pass(15_000);
  await until(async () => (await waiting(db)).length === 0);
});

test("a run that is launched while the queue is down begins when it is up again", async () => {
  const dataDir = tempDir();
  const env = { BROKER: "own-process", BROKER_PORT: String(freePort()) };
  const broker = () => openBroker(shopEnv(dataDir, env), () => {});
  const first = await broker();
  const heard: string[] = [];
  const shop = await openShop({ env, dataDir, log: (_level, event) => void heard.push(event) });
  await shop.members(300);
  await first.stop();
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await until(() => heard.includes("outbox.paused"), undefined, "the relay to find the queue down");
  expect(await shop.state(run)).toBe("PENDING");
  const second = await broker();
  stops.push(() => second.stop());
  await shop.becomes(run, "COMPLETED");
  expect(await shop.faults(run)).toEqual([]);
});
