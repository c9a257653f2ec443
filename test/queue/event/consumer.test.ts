import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { z } from "zod";
import type { RootDatabase } from "../../../src/db/client.ts";
import {
  type Consumer,
  type ConsumerContext,
  consume,
  giveUp,
  registerConsumers,
} from "../../../src/queue/event/consumer.ts";
import { announceEvents, defineEvent, record, recordEach } from "../../../src/queue/event/event.ts";
import { realWorld } from "../../../src/world.ts";
import { openTestDatabase } from "../../support/database.ts";

/** The world, but that its time does not pass. */
const still = { ...realWorld, clock: () => 0 };

const opened: RootDatabase[] = [];
afterAll(async () => {
  for (const db of opened) await db.close();
});

const counted = defineEvent("thing.counted", 1, z.object({ n: z.int() }));
const noise = defineEvent("noise.made", 1, z.object({}));

interface Reader {
  readonly db: RootDatabase;
  readonly consumer: Consumer<ConsumerContext>;
  /** Events that it cannot deal with. */
  readonly poison: Set<number>;
  /** Called in the middle of each batch. */
  halt: () => Promise<unknown>;
  /** A delivery of a range. */
  read(from: number, to: number): Promise<void>;
  /** A delivery that fails for as often as the queue tries, and is given up. */
  die(from: number, to: number): Promise<void>;
  /** Events dealt with, in the order in which that was committed; each must be there once. */
  done(): Promise<number[]>;
  cursor(): Promise<number>;
  parked(): Promise<string[]>;
  /** Messages of its own that were left, as `from-to`. */
  left(): Promise<string[]>;
}

/** A consumer that keeps the number of each event it deals with, and `n` events. */
async function reader(n: number, name = "reader", db?: RootDatabase): Promise<Reader> {
  const own = db ?? (await openTestDatabase());
  if (!db) {
    opened.push(own);
    await own.write([sql`CREATE TABLE done (id INTEGER PRIMARY KEY, consumer TEXT, n INTEGER, UNIQUE (consumer, n))`]);
    await own.write([sql`CREATE TABLE poisoned (n INTEGER)`]);
  }
  const ctx = { ...still, db: own };
  const self: Reader = {
    db: own,
    poison: new Set(),
    halt: async () => {},
    consumer: {
      name,
      types: () => [counted.type],
      begins: "first",
      handle: async (_ctx, batch) => {
        const events = await batch.read();
        await self.halt();
        if (events.some(({ seq }) => self.poison.has(seq))) throw new Error("poison");
        // No guard, no IGNORE: a second time would fail, or be seen.
        return [sql`INSERT INTO done (consumer, n) SELECT ${name}, data ->> 'n' FROM event e WHERE ${batch.where}`];
      },
    },
    read: (from, to) => consume(ctx, self.consumer, { from, to }),
    die: async (from, to) => {
      await expect(self.read(from, to)).rejects.toThrow("poison");
      await giveUp(ctx, name, { from, to });
    },
    done: async () =>
      (await own.all<{ n: number }>(sql`SELECT n FROM done WHERE consumer = ${name} ORDER BY id`)).map(({ n }) => n),
    cursor: async () =>
      (await own.first<{ cursor: number }>(sql`SELECT cursor FROM consumer WHERE name = ${name}`))?.cursor ?? -1,
    parked: async () =>
      (
        await own.all<{ range: string }>(
          sql`SELECT from_seq || '-' || to_seq AS range FROM parked_range WHERE consumer = ${name}`,
        )
      ).map(({ range }) => range),
    left: async () =>
      (
        await own.all<{ payload: string }>(sql`SELECT payload FROM outbox WHERE name = ${`event-${name}`} ORDER BY seq`)
      ).map(({ payload }) => `${JSON.parse(payload).from}-${JSON.parse(payload).to}`),
  };
  if (!db) await registerConsumers(ctx, [self.consumer]);
  if (n > 0) await happen(own, n);
  return self;
}

async function happen(db: RootDatabase, n: number, type = counted): Promise<void> {
  const many = sql`(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${n})
    SELECT i + (SELECT coalesce(max(seq), 0) FROM event) AS i FROM n)`;
  await db.write([recordEach(type, { subject: sql`''`, data: sql`json_object('n', i)` }, many, 0)]);
  await announceEvents({ ...still, db });
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("duplicate, reordered and lost announcements: every event is dealt with once, in order", async () => {
  const { read, done, cursor } = await reader(30);
  await read(11, 20); // 1–10 is lost, or late
  expect(await done()).toEqual(numbers(1, 20));
  await read(1, 10);
  await read(11, 20);
  await Promise.all([read(21, 30), read(21, 30), read(1, 30)]);
  expect([await done(), await cursor()]).toEqual([numbers(1, 30), 30]);
});

test("of two deliveries at once the work of one counts", async () => {
  const me = await reader(5);
  const both = Promise.withResolvers<void>();
  let here = 0;
  me.halt = async () => {
    here += 1;
    if (here === 2) both.resolve();
    await both.promise; // both have read the same batch before either commits
  };
  await Promise.all([me.read(1, 5), me.read(1, 5)]);
  expect([await me.done(), await me.cursor(), here]).toEqual([numbers(1, 5), 5, 2]);
});

test("a batch is bounded, and events of other types are passed over", async () => {
  const me = await reader(1_200);
  await happen(me.db, 50_000, noise as never);
  await happen(me.db, 1);
  let stretches = 0;
  me.halt = async () => void stretches++;
  await me.read(1, 51_201);
  expect(await me.done()).toEqual([...numbers(1, 1_200), 51_201]);
  expect([stretches, await me.cursor()]).toEqual([4, 51_201]);
});

test("what takes long is gone on with by a message of its own", async () => {
  const me = await reader(1_300);
  await consume({ ...still, db: me.db }, me.consumer, { from: 1, to: 1_300 }, 0);
  expect([await me.cursor(), await me.left()]).toEqual([500, ["501-1300"]]);
});

test("a server that dies between the effect and the cursor leaves neither", async () => {
  const me = await reader(5);
  await me.db.write([
    sql.raw(`CREATE TRIGGER dies BEFORE INSERT ON done WHEN NEW.n = 3 BEGIN SELECT RAISE(ABORT, 'killed'); END`),
  ]);
  await expect(me.read(1, 5)).rejects.toThrow("killed");
  expect([await me.done(), await me.cursor()]).toEqual([[], 0]);
  await me.db.write([sql`DROP TRIGGER dies`]);
  await me.read(1, 5);
  expect([await me.done(), await me.cursor()]).toEqual([numbers(1, 5), 5]);
});

test("one consumer's failure holds up no other", async () => {
  const sick = await reader(10);
  const well = await reader(0, "well", sick.db);
  await registerConsumers({ ...still, db: sick.db }, [sick.consumer, well.consumer]);
  sick.poison.add(4);
  await Promise.allSettled([sick.read(1, 10), well.read(1, 10)]);
  expect([await sick.done(), await well.done()]).toEqual([[], numbers(1, 10)]);
});

test("what the queue gives up is parked, later events flow, and a replay deals with exactly that", async () => {
  const me = await reader(30);
  me.poison.add(14);
  await me.read(1, 10);
  await me.die(11, 20);
  expect([await me.parked(), await me.cursor(), await me.left()]).toEqual([["11-20"], 20, ["21-30"]]);
  await me.read(21, 30);
  expect(await me.done()).toEqual([...numbers(1, 10), ...numbers(21, 30)]);
  await expect(me.read(11, 20)).rejects.toThrow("poison"); // replayed before its cause is mended
  me.poison.clear();
  await Promise.all([me.read(11, 20), me.read(11, 20)]);
  await me.read(11, 20);
  expect(await me.done()).toEqual([...numbers(1, 10), ...numbers(21, 30), ...numbers(11, 20)]);
  expect([await me.parked(), await me.cursor()]).toEqual([[], 30]);
});

test("a message that dies of what another should have dealt with parks nothing of its own", async () => {
  const me = await reader(20);
  me.poison.add(4);
  await me.die(11, 20); // overtook 1–10, and met its poison
  expect([await me.parked(), await me.cursor(), await me.left()]).toEqual([["1-10"], 10, ["11-20"]]);
  await me.read(11, 20);
  await expect(me.read(1, 10)).rejects.toThrow("poison"); // so that it gets a dead letter to be replayed by
  expect(await me.done()).toEqual(numbers(11, 20));
  me.poison.clear();
  await me.read(1, 10);
  expect([await me.done(), await me.parked()]).toEqual([[...numbers(11, 20), ...numbers(1, 10)], []]);
});

test("of a long range only the batch that fails is parked", async () => {
  const me = await reader(1_700);
  me.poison.add(700);
  await me.die(1, 1_700);
  expect([await me.parked(), await me.cursor(), await me.left()]).toEqual([["501-1000"], 1_000, ["1001-1700"]]);
  await me.read(1_001, 1_700);
  me.poison.clear();
  await me.read(1, 1_700);
  expect((await me.done()).sort((a, b) => a - b)).toEqual(numbers(1, 1_700));
});

test("a message that died without a word is parked whole, and taken up by whatever comes by", async () => {
  const me = await reader(20);
  await giveUp({ ...still, db: me.db }, "reader", { from: 1, to: 10 });
  expect([await me.parked(), await me.cursor()]).toEqual([["1-10"], 10]);
  await me.read(1, 20);
  expect((await me.done()).sort((a, b) => a - b)).toEqual(numbers(1, 20));
  expect(await me.parked()).toEqual([]);
});

test("a message from the future of a database that was put back moves no cursor past what is to come", async () => {
  const me = await reader(10);
  await me.read(1, 99);
  await giveUp({ ...still, db: me.db }, "reader", { from: 50, to: 99 });
  expect([await me.cursor(), await me.parked()]).toEqual([10, []]);
  await me.db.write([record([counted.of("", { n: 11 })], 0)]);
  await announceEvents({ ...still, db: me.db });
  await me.read(11, 11);
  expect(await me.done()).toEqual(numbers(1, 11));
});
