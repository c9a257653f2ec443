import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { RootDatabase } from "../../src/db/client.ts";
import { openTestDatabase } from "../support/database.ts";
import { Interleaving } from "../support/interleaving.ts";
import { runOf, tallyFaults } from "../support/ledger.ts";
import { counted } from "../support/length.ts";
import { addMembers } from "../support/shop.ts";

const dbs: RootDatabase[] = [];
afterAll(async () => {
  for (const db of dbs) await db.close();
});

const share = fc.integer({ min: 0, max: 999 }).map((n) => n / 1_000);
const events = fc.array(
  fc.oneof(
    { weight: 40, arbitrary: fc.record({ kind: fc.constant("deliver" as const), pick: share }) },
    { weight: 100, arbitrary: fc.record({ kind: fc.constant("step" as const), pick: share, dice: share }) },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("crash" as const), pick: share }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("die" as const), pick: share }) },
    {
      weight: 15,
      arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(300, 1_000, 2_500) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("withdraw" as const), member: fc.integer({ min: 1, max: 5 }) }),
    },
    {
      weight: 10,
      arbitrary: fc.record({ kind: fc.constantFrom("pause" as const, "resume" as const, "replay" as const) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const) }) },
  ),
  { minLength: 1, maxLength: 200, size: "max" },
);
type Event = typeof events extends fc.Arbitrary<(infer E)[]> ? E : never;

function happen(world: Interleaving, event: Event): Promise<void> | void {
  switch (event.kind) {
    case "deliver":
      return world.deliver(event.pick);
    case "step":
      return world.step(event.pick, event.dice);
    case "crash":
      return world.crash(event.pick);
    case "die":
      return world.die(event.pick);
    case "pass":
      return world.pass(event.ms);
    case "withdraw":
      return world.withdraw(event.member);
    case "pause":
    case "resume":
    case "replay":
    case "cancel":
      return world[event.kind]();
  }
}

const last = new Set(["SENT", "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN"]);

/** What is wrong with the run now, in words; `ended` keeps the last states seen so far. */
async function wrong(db: RootDatabase, world: Interleaving, ended: Map<string, string>): Promise<string[]> {
  const rows = await db.all<{ key: string; state: string; batch: string | null }>(sql`
    SELECT s.channel || ' ' || s.member AS key, s.state, b.state AS batch
    FROM send s LEFT JOIN batch b ON b.seq = s.batch WHERE s.run = ${world.run}`);
  const faults = [...world.breaches, ...(await tallyFaults(db, world.run))];
  for (const { key, state, batch } of rows) {
    const delivered = world.providers.delivered.get(key) ?? 0;
    if (delivered > 1) faults.push(`${key} was delivered to ${delivered} times`);
    if (state === "SENT" && delivered === 0) faults.push(`${key} is SENT and got nothing`);
    if (delivered > 0 && last.has(state) && state !== "SENT" && state !== "UNKNOWN")
      faults.push(`${key} got it and is ${state}`);
    if (ended.has(key) && ended.get(key) !== state) faults.push(`${key} was ${ended.get(key)} and became ${state}`);
    if (last.has(state)) ended.set(key, state);
    if (state === "SENDING" && (batch === null || batch === "DONE" || batch === "OPEN")) {
      faults.push(`${key} is SENDING in a batch that is ${batch}`);
    }
  }
  return faults;
}

test("I7 I8 I9 in whatever order: sums hold, last states stay, none is sent to twice, no sweep is needed", async () => {
  const db = await openTestDatabase();
  dbs.push(db);
  await addMembers(db, 5);
  const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const property = fc.asyncProperty(events, async (list) => {
    const world = new Interleaving(db);
    const ended = new Map<string, string>();
    await world.begin();
    for (const event of list) {
      await happen(world, event);
      expect(await wrong(db, world, ended)).toEqual([]);
    }
    await world.finish();
    expect(await wrong(db, world, ended)).toEqual([]);
    const { state, matched } = await runOf(db, world.run);
    expect(["COMPLETED", "CANCELLED"]).toContain(state);
    expect(ended.size).toBe(2 * matched);
    if (state === "COMPLETED") expect(matched).toBe(5);
  });
  await fc.assert(property, { seed, numRuns: Number(Bun.env.RUNS ?? counted(10, 25)), endOnFailure: !Bun.env.SHRINK });
}, 600_000);
