import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { sql } from "drizzle-orm";
import { z } from "zod";
import { whyAway } from "../../src/operations/queue/queue-outage.ts";
import { startBroker } from "../../src/queue/broker/index.ts";
import { defaultFlow, flowKey, listFlows, queueFlows } from "../../src/queue/flow.ts";
import { defineMessage } from "../../src/queue/message.ts";
import { enqueue, enqueueEach } from "../../src/queue/outbox.ts";
import { openQueue } from "../../src/queue/qstash.ts";
import { startRelay } from "../../src/queue/relay.ts";
import { realWorld } from "../../src/world.ts";
import { openTestDatabase } from "../support/database.ts";
import { freePort } from "../support/port.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const keys = { currentSigningKey: "c", nextSigningKey: "n" };

test("a queue that was away gets all that waited when it is back, however often it was asked in vain", async () => {
  const port = freePort();
  const db = await openTestDatabase();
  const jobsUrl = "http://127.0.0.1:1/jobs";
  const queue = openQueue(
    { url: `http://127.0.0.1:${port}`, token: "t", ...keys, installation: "test", jobsUrl, retries: 0, flows: {} },
    realWorld,
  );
  let now = Date.now();
  const add = (n: number) =>
    db.write([enqueue(realWorld, [{ name: "job", payload: { n }, subject: `job/${n}`, notBefore: now + 3_600_000 }])]);
  const relay = startRelay(db, queue, () => {}, { ...realWorld, clock: () => now });
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

test("a queue that takes a call and never answers is away: what waits is offered again", async () => {
  const db = await openTestDatabase();
  let calls = 0;
  const server = Bun.serve({
    port: 0,
    fetch: () => (++calls <= 2 ? new Promise<never>(() => {}) : Response.json([{ messageId: "m1" }])),
  });
  stops.push(() => server.stop(true));
  // The patience with these calls is over as soon as they are there.
  const timers = {
    ...realWorld.timers,
    after: (_ms: number, run: () => void) => {
      const before = calls;
      if (before < 2) void until(() => calls > before).then(run);
      return { stop: () => {}, unref: () => {} };
    },
  };
  const url = `http://127.0.0.1:${server.port}`;
  const jobsUrl = "http://127.0.0.1:1/jobs";
  const queue = openQueue(
    { url, token: "t", ...keys, installation: "test", jobsUrl, retries: 0, flows: {} },
    { timers },
  );
  const why = whyAway(await queue.client.messages.get("m").catch((error: unknown) => error));
  expect(why).toBe("the queue did not answer within 15 s");
  let now = Date.now();
  const relay = startRelay(db, queue, () => {}, { ...realWorld, clock: () => now });
  stops.push(() => relay.stop());
  await db.write([enqueue(realWorld, [{ name: "job", payload: {}, subject: "job" }])]);
  await until(() => queue.outage !== undefined);
  expect(queue.outage?.error).toContain("did not answer within 15 s");
  now = queue.outage?.until ?? now;
  await until(async () => (await db.first(sql`SELECT 1 FROM outbox WHERE message_id = 'm1'`)) !== undefined);
});

test("a message travels in the flow it is given, else in that of its kind, else in the default flow", async () => {
  const broker = await startBroker({ path: join(tempDir(), "queue.db"), port: 0, token: "t", ...keys });
  stops.push(() => broker.stop());
  const db = await openTestDatabase();
  const jobsUrl = "http://127.0.0.1:1/jobs";
  const flows = { ...queueFlows, letters: { parallelism: 1 }, urgent: { parallelism: 1 } };
  const queue = openQueue(
    { url: broker.url, token: "t", ...keys, installation: "test", jobsUrl, retries: 0, flows },
    realWorld,
  );
  const letter = defineMessage("letter", z.object({}), () => "letter", { flow: "letters" });
  const parcel = defineMessage("parcel", z.object({}), () => "parcel");
  const later = Date.now() + 3_600_000;
  const each = { payload: sql`'{}'`, subject: sql`'letter'`, notBefore: sql`${later}` };
  await db.write([
    enqueue(realWorld, [letter.of({}, { notBefore: later }), parcel.of({}, { notBefore: later })]),
    enqueue(realWorld, [letter.of({}, { flow: "urgent", notBefore: later })]),
    enqueueEach(realWorld, letter, each, sql`(SELECT 1)`),
  ]);
  const relay = startRelay(db, queue, () => {}, realWorld);
  stops.push(() => relay.stop());
  await relay.idle();
  expect(await db.all(sql`SELECT name, flow FROM outbox ORDER BY seq`)).toMatchObject([
    { name: "letter", flow: "letters" },
    { name: "parcel", flow: null },
    { name: "letter", flow: "urgent" },
    { name: "letter", flow: "letters" },
  ]);
  const known = (await listFlows(queue.settings)).map(({ flowControlKey }) => flowControlKey);
  expect(known.sort()).toEqual([defaultFlow, "letters", "urgent"].map((flow) => flowKey(queue.settings, flow)));
});

test("only the outbox and the events write into their tables, so that the relay hears of every row", async () => {
  const src = join(import.meta.dir, "../../src");
  const writers: string[] = [];
  for (const file of new Glob("**/*.ts").scanSync(src)) {
    if (/INSERT INTO (outbox|event)\b/i.test(await Bun.file(join(src, file)).text())) writers.push(file);
  }
  expect(writers.sort()).toEqual(["queue/event/event.ts", "queue/outbox.ts"]);
});
