import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { z } from "zod";
import type { RootDatabase } from "../../../src/db/client.ts";
import { registerConsumers } from "../../../src/queue/event/consumer.ts";
import { announceEvents, defineEvent, forgetEvents, record, recordEach } from "../../../src/queue/event/event.ts";
import { realWorld } from "../../../src/world.ts";
import { openTestDatabase } from "../../support/database.ts";

/** The world, but that its time does not pass. */
const still = { ...realWorld, clock: () => 0 };

const opened: RootDatabase[] = [];
afterAll(async () => {
  for (const db of opened) await db.close();
});

const counted = defineEvent("thing.counted", 1, z.object({ n: z.int() }));
const event = (n: number) => counted.of(`thing/${n}`, { n });

/** A database with one consumer, so that there is someone to announce to. */
async function open({ consumers = ["reader"] } = {}): Promise<RootDatabase> {
  const db = await openTestDatabase();
  opened.push(db);
  await registerConsumers(
    { ...still, db },
    consumers.map((name) => ({ name, begins: "now" })),
  );
  return db;
}

/** What the relay leaves when it comes by, and has left. */
async function announced(db: RootDatabase) {
  await announceEvents({ ...still, db });
  const rows = await db.all<{ payload: string }>(sql`SELECT payload FROM outbox WHERE name = 'events' ORDER BY seq`);
  return rows.map(({ payload }) => JSON.parse(payload));
}
const count = async (db: RootDatabase) => (await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM event`))?.n;

test("events commit with the change that they tell of, or not at all", async () => {
  const db = await open();
  const faulty = db.write([record([event(1)], 0), sql`INSERT INTO consumer (name) VALUES (NULL)`]);
  expect(await faulty.catch(() => "failed")).toBe("failed");
  expect([await count(db), await announced(db)]).toEqual([0, []]);
  await db.write([record([event(1), event(2)], 5)]);
  expect(await db.all(sql`SELECT * FROM event ORDER BY seq`)).toEqual([
    { seq: 1, type: "thing.counted", version: 1, subject: "thing/1", data: '{"n":1}', at: 5 },
    { seq: 2, type: "thing.counted", version: 1, subject: "thing/2", data: '{"n":2}', at: 5 },
  ]);
});

test("a hundred thousand events are one statement and one message; the next begins behind them", async () => {
  const db = await open();
  const many = sql`(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT i FROM n)`;
  const row = { subject: sql`'thing/' || i`, data: sql`json_object('n', i)` };
  await db.write([recordEach(counted, row, many, 0)]);
  expect(await announced(db)).toEqual([{ from: 1, to: 100_000 }]);
  await db.write([record([event(1)], 0)]);
  expect(await announced(db)).toEqual([
    { from: 1, to: 100_000 },
    { from: 100_001, to: 100_001 },
  ]);
});

test("where nothing happened, nothing is announced", async () => {
  const db = await open();
  const row = { subject: sql`'thing'`, data: sql`'{}'` };
  await db.write([recordEach(counted, row, sql`(SELECT 1 WHERE 0)`, 0), record([], 0), record([event(1)], 0, sql`0`)]);
  expect([await count(db), await announced(db)]).toEqual([0, []]);
});

test("a burst of changes is one message, and two relays that come by at once leave one", async () => {
  const db = await open();
  await db.transaction(async (tx) => {
    await tx.write([record([event(1)], 0)]);
    await tx.write([record([event(2), event(3)], 0)]);
  });
  for (let n = 4; n <= 20; n++) await db.write([record([event(n)], 0)]);
  await Promise.all([announceEvents({ ...still, db }), announceEvents({ ...still, db })]);
  expect(await announced(db)).toEqual([{ from: 1, to: 20 }]);
});

test("what nobody reads is kept, not announced; who comes later begins behind it, or at the first event", async () => {
  const db = await open({ consumers: [] });
  await db.write([record([event(1), event(2)], 0)]);
  expect([await count(db), await announced(db)]).toEqual([2, []]);
  const consumers = [
    { name: "late", begins: "now" },
    { name: "thorough", begins: "first" },
  ] as const;
  await registerConsumers({ ...still, db }, consumers);
  expect(await db.all(sql`SELECT name, cursor FROM consumer ORDER BY name`)).toEqual([
    { name: "late", cursor: 2 },
    { name: "thorough", cursor: 0 },
  ]);
});

test("old events are forgotten once every consumer is past them; a retired one holds nothing up", async () => {
  const db = await open({ consumers: ["quick", "slow"] });
  const [old, young] = [0, 20 * 86_400_000];
  const now = 31 * 86_400_000;
  await db.write([record([event(1), event(2), event(3)], old)]);
  await db.write([record([event(4)], young)]);
  await announceEvents({ ...still, db });
  await db.write([sql`UPDATE consumer SET cursor = CASE name WHEN 'slow' THEN 1 ELSE 4 END`]);
  await db.write(forgetEvents(now));
  expect(await count(db)).toBe(3);
  await registerConsumers({ db, clock: () => now }, [{ name: "quick", begins: "now" }]);
  await db.write(forgetEvents(now));
  expect(await db.all(sql`SELECT seq FROM event`)).toEqual([{ seq: 4 }]);
  await db.write(forgetEvents(now + young));
  await db.write([record([event(5)], now)]);
  expect((await announced(db)).at(-1)).toEqual({ from: 5, to: 5 });
  await registerConsumers({ db, clock: () => now }, [
    { name: "quick", begins: "now" },
    { name: "slow", begins: "now" },
  ]);
  expect(await db.first(sql`SELECT cursor, retired_at FROM consumer WHERE name = 'slow'`)).toEqual({
    cursor: 1,
    retired_at: null,
  });
});
