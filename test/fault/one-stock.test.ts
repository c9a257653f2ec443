import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { type Answered, askClaim } from "../support/claim-storm.ts";
import { addTemplate } from "../support/coupons.ts";
import { byType } from "../support/crowd.ts";
import { openTestDatabase } from "../support/database.ts";
import { falselyRefused, lostClaims, mendedGate, type SaleShop, spawnSale } from "../support/flash-sale.ts";
import { testContext } from "../support/graphql.ts";
import { couponFaults } from "../support/issue.ts";
import { bookFaults, ledgerOf, runOf } from "../support/ledger.ts";
import { counted } from "../support/length.ts";
import { freePort } from "../support/port.ts";
import { startRedis } from "../support/redis-server.ts";
import { accepted, addCampaign, addMembers, runOfCampaign } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { ofAnySize } from "../support/victim.ts";
import { until } from "../support/wait.ts";

const kills = counted(1, 20);
const members = counted(300, 18_000);
const stock = (members / 3) * 2;
/** Those at the end of the list come to claim; the issue begins with the others. */
const claimants = members / 3;
const patienceMs = counted(60_000, 120_000);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

const cleanup: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of cleanup.reverse()) await stop();
});

/** A stock that a launched campaign is about to give away, and that members may claim. */
async function layDown(path: string) {
  const db = await openTestDatabase(path);
  await addMembers(db, members);
  const ctx = ofAnySize(testContext(db));
  const { id: template } = await addTemplate(ctx, { stock });
  const campaign = await addCampaign(ctx, { kind: "COUPON_ISSUE", couponTemplate: template, channels: [] });
  accepted(await launchCampaign(ctx, { id: campaign }));
  return { db, template, run: await runOfCampaign(db, campaign) };
}

interface Sale {
  readonly answers: Answered[];
  readonly done: Promise<unknown>;
}

/** Each claimant claims until answered, by the same key; `up` waits for a shop that is there again. */
function startSale(url: string, template: number, up: () => Promise<unknown>): Sale {
  const answers: Answered[] = [];
  let next = members;
  async function come(): Promise<void> {
    for (let member = next--; member > members - claimants; member = next--) {
      const claim = () => askClaim({ url, template }, { member, key: `key of ${member}` }, 1);
      let answer = await claim();
      for (; answer.type === "GONE"; answer = await claim()) await up();
      answers.push(answer);
    }
  }
  return { answers, done: Promise.all(Array.from({ length: 24 }, come)) };
}

/** Coupons so far, by who gave them. */
async function given(db: RootDatabase): Promise<{ claims: number; run: number }> {
  const row = await db.first<{ claims: number; run: number }>(sql`
    SELECT count(*) FILTER (WHERE source = 'CLAIM') AS claims, count(*) FILTER (WHERE source <> 'CLAIM') AS run
    FROM coupon`);
  return row ?? { claims: 0, run: 0 };
}

test(
  `I1 I2 I4 I8 I17 a flash sale and an issue on one stock: ${kills} kill -9, Redis flushed and killed: no unit is lost`,
  async () => {
    const dataDir = tempDir();
    const { db, template, run } = await layDown(join(dataDir, "fanfare.db"));
    const redis = await startRedis();
    cleanup.push(redis.stop, db.close);
    const env = { PORT: String(freePort()), PAGE_SIZE: "2" }; // the queue's messages name the port
    const spawn = (round: number) => spawnSale(dataDir, redis.url, { seed: seed + round, env });
    let up: Promise<SaleShop> = spawn(0);
    cleanup.push(async () => (await up).kill());
    const { answers, done } = startSale((await up).url, template, () => up);

    /** Either gives more than before, unless nothing is left. */
    async function bothGoOn(what: string): Promise<void> {
      const before = await given(db);
      const hasGone = ({ claims, run: gave }: typeof before) =>
        (claims > before.claims && gave > before.run) || claims + gave === stock;
      await until(async () => hasGone(await given(db)), patienceMs, `both to go on ${what}`);
    }
    for (let round = 1; round <= kills; round++) {
      await bothGoOn("with Redis");
      await (await redis.raw()).send("FLUSHALL", []);
      await bothGoOn("with Redis flushed");
      await redis.kill();
      await bothGoOn("without Redis");
      await (await up).kill();
      await redis.start();
      up = spawn(round);
    }
    await done;
    await until(async () => (await runOf(db, run)).state === "COMPLETED", patienceMs, "the run to end");

    const sums = await given(db);
    console.log(`seed ${seed}: ${JSON.stringify(sums)}, ${JSON.stringify(byType(answers))}`);
    expect([sums.claims > 0, sums.run > 0, sums.claims + sums.run]).toEqual([true, true, stock]);
    expect((await ledgerOf(db, run))["COUPON SENT"]).toBe(sums.run);
    expect([...(await bookFaults(db, run)), ...(await couponFaults(db))]).toEqual([]);
    const acknowledged = new Map(answers.flatMap(({ key, id }) => (id === undefined ? [] : [[key, id] as const])));
    expect([acknowledged.size, await lostClaims(db, acknowledged)]).toEqual([sums.claims, []]);
    expect(await falselyRefused(db, template, answers)).toEqual([]);
    const known = ["Coupon", "SoldOut", "LimitReached"];
    expect(Object.keys(byType(answers)).filter((type) => !known.includes(type))).toEqual([]);
    expect(await mendedGate(db, redis, template)).toEqual({ remaining: 0, pending: 0 });
  },
  4 * patienceMs,
);
