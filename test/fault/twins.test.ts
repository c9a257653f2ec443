import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { askClaim } from "../support/claim-storm.ts";
import { addTemplate } from "../support/coupons.ts";
import { couponFaults } from "../support/issue.ts";
import { faultsOf, ledgerOf, runOf } from "../support/ledger.ts";
import { counted, isLong } from "../support/length.ts";
import { startTwins, type Twins } from "../support/twins.ts";
import { layDown, type Victim } from "../support/victim.ts";
import { until } from "../support/wait.ts";

const members = counted(1_000, 100_000);
const claimers = counted(20, 4_000);
/** Of both, in turn. */
const kills = counted(1, 16);
const patienceMs = counted(60_000, 1_200_000);
const twoMinutes = 120_000;

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

test(
  `I8 I9 two servers on one directory, ${kills} kills in turn: all runs are exact, and nothing waits for long`,
  async () => {
    const victim = await layDown({ members, channels: ["IN_APP", "EMAIL"], seed: 0, env: {} });
    stops.push(victim.stop);
    const { db, run, sandboxPath } = victim;
    const { id } = await addTemplate({ db }, { stock: claimers, perMember: 1 });
    const twins = await startTwins(sandboxPath, { apart: isLong });
    stops.push(twins.stop);
    const watch = watchOver(victim);
    const claims = claimAll(twins, id);
    for (let n = 0; n < kills; n++) {
      const point = (0.9 * (n + 0.5)) / kills;
      await until(async () => (await victim.progress()) >= point, patienceMs, `${Math.round(point * 100)}% of the run`);
      const twin = twins.all[n % 2]!;
      await twin.kill();
      if (isLong) twin.restart(); // else the other has to do it alone
    }
    await until(async () => (await runOf(db, run)).state === "COMPLETED", patienceMs, "the run to be COMPLETED");
    const claimed = await claims;
    const seen = watch.stop();
    console.log(`${members} members, ${claimed} claims, ${kills} kills: ${JSON.stringify(seen)}`);
    expect(await ledgerOf(db, run)).toEqual({ "EMAIL SENT": members, "IN_APP SENT": members });
    expect(await faultsOf(db, sandboxPath, run)).toEqual([]);
    expect(await couponFaults(db)).toEqual([]);
    expect(claimed).toBe(claimers);
    expect(await held(victim)).toBe(claimers);
    if (isLong) expect(Math.max(seen.standstillMs, seen.withoutSweepMs)).toBeLessThan(twoMinutes);
  },
  patienceMs,
);

/** Every claimer claims once, at whichever server, with the same key until it is answered; says how many got one. */
async function claimAll({ all }: Twins, template: number): Promise<number> {
  const random = seededRandom(1);
  const wishes = Array.from({ length: claimers }, (_, n) => ({ member: n + 1, key: `first-${n}` })).values();
  let got = 0;
  const worker = async () => {
    for (const wish of wishes) {
      const answered = await until(
        async () => {
          const { url } = all[Math.floor(random() * all.length)]!;
          const answer = await askClaim({ url, template }, wish, 1);
          return !["GONE", "ERROR"].includes(answer.type) && answer;
        },
        patienceMs,
        "an answer to a claim",
      );
      if (answered && answered.type === "Coupon") got += 1;
      await Bun.sleep(counted(0, 50)); // claims come for as long as the run lasts
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  return got;
}

async function held({ db }: Victim): Promise<number> {
  const row = await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon`);
  return row?.n ?? 0;
}

/** Looks at the run four times a second: how long it stood still at most, and was without a sweep. */
function watchOver({ db, run, progress }: Victim) {
  const began = performance.now();
  const seen = { seconds: 0, standstillMs: 0, withoutSweepMs: 0 };
  let [moved, last, sweep, swept] = [began, 0, 0, began];
  const look = async () => {
    const now = performance.now();
    const share = await progress();
    const pulse = await db.first<{ at: number }>(sql`SELECT at FROM pulse WHERE name = 'sweep'`);
    if (share !== last) [last, moved] = [share, now];
    if (pulse && pulse.at !== sweep) [sweep, swept] = [pulse.at, now];
    if ((await runOf(db, run)).state !== "COMPLETED") seen.standstillMs = Math.max(seen.standstillMs, now - moved);
    seen.withoutSweepMs = Math.max(seen.withoutSweepMs, now - swept);
  };
  // Beside what is waited for: nothing depends on when it looks.
  const timer = setInterval(() => void look().catch(() => {}), 250);
  return {
    stop: () => {
      clearInterval(timer);
      const rounded = Object.entries({ ...seen, seconds: (performance.now() - began) / 1000 });
      return Object.fromEntries(rounded.map(([name, n]) => [name, Math.round(n)])) as typeof seen;
    },
  };
}
