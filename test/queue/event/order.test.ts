import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { seededRandom } from "../../../src/channels/sandbox/faults.ts";
import type { Database } from "../../../src/db/client.ts";
import {
  type Consumer,
  type ConsumerContext,
  consume,
  giveUp,
  registerConsumers,
} from "../../../src/queue/event/consumer.ts";
import { announceEvents, type EventRange, recordEach } from "../../../src/queue/event/event.ts";
import { realWorld } from "../../../src/world.ts";
import { openTestDatabase } from "../../support/database.ts";
import { counted } from "../../support/length.ts";

/** The world, but that its time does not pass. */
const still = { ...realWorld, clock: () => 0 };

const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
const tries = 3;

interface Message {
  readonly range: EventRange;
  failures: number;
}

/**
 * One consumer under a queue that delivers at least once and in any order, gives up after three failures, and loses
 * nothing; under servers that die before a commit or after it; and with events that cannot be dealt with until they are
 * mended.
 */
async function story(random: () => number): Promise<void> {
  const db = await openTestDatabase();
  await db.write([sql`CREATE TABLE done (n INTEGER)`]);
  const poison = new Set(Array.from({ length: 3 }, () => 1 + Math.floor(random() * 120)));
  let mended = false;
  const ctx = { ...still, db: dying(db, random) };
  const consumer: Consumer<ConsumerContext> = {
    name: "reader",
    types: () => ["thing"],
    begins: "first",
    handle: async (_, batch) => {
      const events = await batch.read();
      if (!mended && events.some(({ seq }) => poison.has(seq))) throw new Error("poison");
      return [sql`INSERT INTO done (n) SELECT seq FROM event e WHERE ${batch.where}`]; // a second time would be seen
    },
  };
  await registerConsumers({ ...still, db }, [consumer]);
  const waiting: Message[] = [];
  const dead: Message[] = [];
  let seen = 0;
  let happened = 0;

  const collect = async () => {
    await announceEvents({ ...still, db });
    const rows = await db.all<{ seq: number; payload: string }>(
      sql`SELECT seq, payload FROM outbox WHERE seq > ${seen} ORDER BY seq`,
    );
    seen = rows.at(-1)?.seq ?? seen;
    await db.write([sql`UPDATE outbox SET published_at = 0`]);
    waiting.push(...rows.map(({ payload }) => ({ range: JSON.parse(payload), failures: 0 })));
  };
  const happen = async () => {
    const n = 1 + Math.floor(random() * 9);
    happened += n;
    const many = sql`(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${n}) SELECT i FROM n)`;
    await db.write([recordEach({ type: "thing", version: 1 }, { subject: sql`''`, data: sql`'{}'` }, many, 0)]);
    await collect();
  };
  const deliver = async (message: Message | undefined) => {
    if (!message) return;
    try {
      await consume(ctx, consumer, message.range);
      // Else it comes again.
      if (random() < 0.8 && waiting.includes(message)) waiting.splice(waiting.indexOf(message), 1);
    } catch {
      message.failures += 1;
      if (message.failures < tries || !waiting.includes(message)) return;
      waiting.splice(waiting.indexOf(message), 1);
      dead.push({ ...message, failures: 0 });
      while (
        !(await giveUp(ctx, consumer.name, message.range).then(
          () => true,
          () => false,
        ))
      );
      await collect();
    }
  };
  const any = () => waiting[Math.floor(random() * waiting.length)];

  for (let step = 0; step < 60; step++) {
    if (random() < 0.4 && happened < 120) await happen();
    else await Promise.all([deliver(any()), ...(random() < 0.4 ? [deliver(any())] : [])]);
  }
  while (waiting.length > 0) await deliver(any());
  const parkedBefore = await db.all<{ from: number; to: number }>(
    sql`SELECT from_seq AS "from", to_seq AS "to" FROM parked_range`,
  );
  const done = async () => (await db.all<{ n: number }>(sql`SELECT n FROM done ORDER BY n`)).map(({ n }) => n);
  const open = Array.from({ length: happened }, (_, i) => i + 1).filter((n) =>
    parkedBefore.some(({ from, to }) => n >= from && n <= to),
  );
  // What is not parked is dealt with, and nothing is both.
  expect([...(await done()), ...open].sort((a, b) => a - b)).toEqual(Array.from({ length: happened }, (_, i) => i + 1));
  expect([...poison].filter((n) => n <= happened).every((n) => open.includes(n))).toBe(true);
  mended = true;
  waiting.push(...dead);
  while (waiting.length > 0) {
    const one = any();
    await Promise.all([deliver(one), deliver(one), deliver(any())]);
  }
  expect(await done()).toEqual(Array.from({ length: happened }, (_, i) => i + 1));
  expect(await db.all(sql`SELECT * FROM parked_range`)).toEqual([]);
  await db.close();
}

/** A database whose writes sometimes end with the server: before their commit, or after it with nobody left to hear. */
function dying(db: Database, random: () => number): Database {
  return {
    ...db,
    write: async (queries) => {
      const dice = random();
      if (dice < 0.04) throw new Error("died before the commit");
      const results = await db.write(queries);
      if (dice > 0.96) throw new Error("died after the commit");
      return results;
    },
  };
}

test(`I10 I12 in any order, with repeats, deaths and poison, events happen once or heal (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  for (let n = 0; n < counted(8, 25); n++) await story(random);
}, 60_000);
