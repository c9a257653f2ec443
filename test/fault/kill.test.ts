import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { ChannelName } from "../../src/channels/catalog.ts";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { faultsOf, ledgerOf, runOf } from "../support/ledger.ts";
import { counted, isLong } from "../support/length.ts";
import { layDown, surviveKills, type Victim } from "../support/victim.ts";

const members = counted(600, 100_000);
const kills = counted(1, 10);
const patienceMs = counted(60_000, 1_200_000);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

const victims: Victim[] = [];
afterAll(async () => {
  for (const victim of victims) await victim.stop();
});

/** A run during which the server is killed at random points, and what the ledger says in the end. */
async function killedRun(channels: ChannelName[], brokerFaults: boolean): Promise<Victim> {
  const env = isLong ? { PAGE_SIZE: "1000", LEASE_SECONDS: "5" } : {};
  const victim = await layDown({ members, channels, seed: brokerFaults ? seed : 0, env });
  victims.push(victim);
  const random = seededRandom(seed);
  const points = Array.from({ length: kills }, () => random() * 0.95).sort((a, b) => a - b);
  await surviveKills(victim, points, patienceMs);
  await report(victim, channels);
  return victim;
}

async function report({ db, run }: Victim, channels: ChannelName[]): Promise<void> {
  const messages = await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM outbox`);
  console.log(
    `${members} members, ${channels.join(" + ")}, ${kills} kills, seed ${seed}: ` +
      `${JSON.stringify(await ledgerOf(db, run))}, ${messages?.n} messages`,
  );
}

test(
  `I7 I8 kill -9 × ${kills} of server and broker: everyone is reached once, and the run adds up`,
  async () => {
    const { db, run, sandboxPath } = await killedRun(["IN_APP", "EMAIL"], false);
    expect(await runOf(db, run)).toMatchObject({ state: "COMPLETED", matched: members });
    expect(await ledgerOf(db, run)).toEqual({ "EMAIL SENT": members, "IN_APP SENT": members });
    expect(await faultsOf(db, sandboxPath, run)).toEqual([]);
  },
  patienceMs,
);

test(
  `I7 I8 kill -9 × ${kills} with text messages: never a second one, and those in doubt are UNKNOWN and few`,
  async () => {
    const { db, run, sandboxPath } = await killedRun(["IN_APP", "SMS"], false);
    expect(await runOf(db, run)).toMatchObject({ state: "COMPLETED", matched: members });
    await expectSmsSums(db, run);
    expect(await faultsOf(db, sandboxPath, run)).toEqual([]);
  },
  patienceMs,
);

test(
  `I7 I8 I10 kill -9 × ${kills} with a broker that delivers twice, out of order, and loses answers`,
  async () => {
    const { db, run, sandboxPath } = await killedRun(["EMAIL", "SMS"], true);
    expect(await runOf(db, run)).toMatchObject({ state: "COMPLETED", matched: members });
    expect((await ledgerOf(db, run))["EMAIL SENT"]).toBe(members);
    await expectSmsSums(db, run);
    expect(await faultsOf(db, sandboxPath, run)).toEqual([]);
  },
  patienceMs,
);

/** A kill may leave in doubt what was being sent: four batches of twenty at once. */
async function expectSmsSums(db: Victim["db"], run: number): Promise<void> {
  const { "SMS SENT": sent = 0, "SMS UNKNOWN LOST_WHILE_SENDING": unknown = 0 } = await ledgerOf(db, run);
  expect(sent + unknown).toBe(members);
  expect(unknown).toBeLessThanOrEqual(kills * 80);
}
