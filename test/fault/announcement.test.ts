import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { disablePromotion } from "../../src/campaign/announcement/disable.ts";
import { updatePromotion } from "../../src/campaign/announcement/edit.ts";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { addPromotion, announced, announcementRuns, toldByMail, withLimits } from "../support/announcements.ts";
import { faultsOf, ledgerOf } from "../support/ledger.ts";
import { counted } from "../support/length.ts";
import { accepted } from "../support/shop.ts";
import { layDown, type Victim } from "../support/victim.ts";
import { until } from "../support/wait.ts";

const members = counted(200, 20_000);
const rounds = counted(1, 10);
const kills = rounds + (rounds >> 1);
const patienceMs = counted(60_000, 1_200_000);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

let victim: Victim | undefined;
afterAll(() => victim?.stop());

const how = { announcement: { channels: ["EMAIL"] } } as const;

async function stateOf({ db }: Victim, run: number): Promise<string> {
  return (await db.first<{ state: string }>(sql`SELECT state FROM run WHERE id = ${run}`))?.state ?? "";
}

/** Mails of a run that are out, or with the provider. */
async function out({ db }: Victim, run: number): Promise<number> {
  const row = await db.first<{ n: number }>(sql`
    SELECT coalesce(sum(n), 0) AS n FROM tally WHERE run = ${run} AND channel = 'EMAIL' AND state = 'SENT'`);
  return row?.n ?? 0;
}

/** Waits until a run has sent so many mails, or has ended. */
async function comesTo(shop: Victim, run: number, mails: number): Promise<void> {
  const moved = async () => (await out(shop, run)) >= mails || /ED$/.test(await stateOf(shop, run));
  await until(moved, patienceMs, `${mails} mails of run ${run}`);
}

async function killed(shop: Victim): Promise<void> {
  await shop.kill();
  shop.start();
}

test(
  `I7 I8 stopped and told to the rest ${rounds} times, through kill -9 × ${kills} and a broker that delivers twice`,
  async () => {
    let id = 0;
    const env = { PAGE_SIZE: String(counted(50, 1_000)), BATCH_WINDOW: "1", LEASE_SECONDS: String(counted(1, 5)) };
    victim = await layDown({
      ...{ members, channels: [], seed, env },
      launch: async (ctx) => {
        id = await addPromotion(ctx, { remark: "words 0" });
        return announced(ctx, { id, ...how });
      },
    });
    const shop = victim;
    const ctx = withLimits(shop.ctx);
    const random = seededRandom(seed);
    let run = shop.run;
    shop.start();
    for (let round = 1; round <= rounds; round++) {
      await comesTo(shop, run, random() * (members / (rounds + 1)));
      // Every other time while the server is alive.
      if (round % 2 === 0) await killed(shop);
      const stopped = accepted(await disablePromotion(ctx, { id })).stopped.find(({ told }) => told >= 0);
      const mails = await out(shop, run);
      if (stopped) expect(stopped.told + stopped.underWay + stopped.untold).toBeGreaterThan(mails);
      accepted(await updatePromotion(ctx, { id, draft: { remark: `words ${round}` } }));
      run = await announced(ctx, { id, announce: "UNREACHED", ...how });
      await comesTo(shop, run, 1);
      await killed(shop);
    }
    await until(async () => (await stateOf(shop, run)) === "COMPLETED", patienceMs, "the last run to end");
    const runs = await announcementRuns(shop.db, id);
    expect(runs).toHaveLength(rounds + 1);
    const ledgers = await Promise.all(runs.map((each) => ledgerOf(shop.db, each)));
    console.log(`${members} members, seed ${seed}: ${JSON.stringify(ledgers)}`);
    for (const [i, each] of runs.entries()) {
      expect(await faultsOf(shop.db, shop.sandboxPath, each)).toEqual([]);
      const row = await shop.db.first<{ frozen: string | null }>(sql`SELECT frozen FROM run WHERE id = ${each}`);
      if (row?.frozen) expect(row.frozen).toContain(`words ${i}`);
    }
    const { told, twice } = toldByMail(shop.sandboxPath, runs);
    const unknown = ledgers.reduce((n, ledger) => n + sumOf(ledger, /^EMAIL UNKNOWN/), 0);
    expect([twice, told + unknown >= members, told <= members]).toEqual([0, true, true]);
  },
  patienceMs,
);

function sumOf(ledger: Readonly<Record<string, number>>, key: RegExp): number {
  return Object.entries(ledger).reduce((n, [name, each]) => n + (key.test(name) ? each : 0), 0);
}
