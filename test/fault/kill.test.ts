import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { ChannelName } from "../../src/channels/catalog.ts";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { faultsOf, ledgerOf, runOf } from "../support/ledger.ts";
import { counted, isLong } from "../support/length.ts";
import { layDown, surviveKills, type Victim } from "../support/victim.ts";

const members = counted(300, 100_000);
const kills = counted(1, 10);
const patienceMs = counted(60_000, 1_200_000);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

const victims: Victim[] = [];
afterAll(async () => {
  for (const victim of victims) await victim.stop();
});

/** A run during which the server is killed at random points, and what the ledger says in the end. */
async function killedRun(channels: ChannelName[], brokerFaults: boolean): Promise<Victim> {
  // What was sent is looked for afterwards: more than is usually kept of it.
  const env = isLong ? { PAGE_SIZE: "1000", LEASE_SECONDS: "5", SANDBOX_MAX: "10000000" } : { PAGE_SIZE: "50" };
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

interface Trouble {
  readonly title: string;
  readonly channels: ChannelName[];
  /** Whether the broker delivers twice, out of order, and loses answers. */
  readonly brokerFaults: boolean;
}

/** In the long form each by itself, so that a fault is seen where it comes from; else all of it at once. */
const troubles: Trouble[] = isLong
  ? [
      { title: "server and broker", channels: ["IN_APP", "EMAIL"], brokerFaults: false },
      { title: "both, with text messages", channels: ["IN_APP", "SMS"], brokerFaults: false },
      { title: "a broker that errs, with text messages", channels: ["EMAIL", "SMS"], brokerFaults: true },
    ]
  : [{ title: "a broker that errs, on three channels", channels: ["IN_APP", "EMAIL", "SMS"], brokerFaults: true }];

test.each(troubles)(
  `I7 I8 I10 kill -9 × ${kills} of $title: everyone is reached once, texts in doubt are UNKNOWN and few, sums agree`,
  async ({ channels, brokerFaults }) => {
    const { db, run, sandboxPath } = await killedRun(channels, brokerFaults);
    expect(await runOf(db, run)).toMatchObject({ state: "COMPLETED", matched: members });
    const ledger = await ledgerOf(db, run);
    const certain = channels.filter((channel) => channel !== "SMS");
    expect(certain.map((channel) => ledger[`${channel} SENT`])).toEqual(certain.map(() => members));
    if (channels.includes("SMS")) await expectSmsSums(db, run);
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
