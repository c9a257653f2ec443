import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { openBroker } from "../../src/own-broker.ts";
import { memberEnv } from "../support/ask.ts";
import type { Answered } from "../support/claim-storm.ts";
import { addTemplate } from "../support/coupons.ts";
import { byType, startCrowd } from "../support/crowd.ts";
import { openTestDatabase } from "../support/database.ts";
import { falselyRefused, issuedOf, lostClaims, mendedGate, type SaleShop, spawnSale } from "../support/flash-sale.ts";
import { counted } from "../support/length.ts";
import { freePort } from "../support/port.ts";
import { startRedis, type TestRedis } from "../support/redis-server.ts";
import { addMembers, shopEnv } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";

const kills = counted(1, 200);
/** That sell at once; of several, on one port, one is killed at a time. */
const servers = counted(1, 2);
const stock = counted(200, 20_000);
const members = stock * 2;
const patienceMs = counted(90_000, 1_200_000);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

const cleanup: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of cleanup.reverse()) await stop();
});

test(
  `I1 I2 I3 I4 I17 ${kills} kills in a flash sale, Redis flushed, stopped or old: none oversold, lost, refused falsely`,
  async () => {
    const random = seededRandom(seed);
    const dataDir = tempDir();
    const db = await openTestDatabase(join(dataDir, "fanfare.db"));
    await addMembers(db, members);
    const { id: template } = await addTemplate({ db }, { stock });
    const redis = await startRedis();
    cleanup.push(
      () => redis.stop(),
      () => db.close(),
    );
    const counts: Record<string, number> = {};
    const acknowledged = new Map<string, string>();
    const falsely: Answered[] = [];
    const shops: SaleShop[] = [];
    const env = servers > 1 ? await sharing(dataDir) : {};

    /** Opens those that are missing; the one that has been there longest is the first to be killed. */
    async function open(round: number): Promise<SaleShop> {
      while (shops.length < servers) {
        const shop = await spawnSale(dataDir, redis.url, { seed: seed + 1_000 * shops.length + round, env });
        cleanup.push(shop.kill);
        shops.push(shop);
      }
      return shops[0]!;
    }

    async function storm(shop: SaleShop, round: number, requests: number, killAfter?: number): Promise<void> {
      const crowd = startCrowd({
        url: shop.url,
        template,
        requests,
        members,
        seed: seed + round,
        inFlight: 100,
        untilGone: servers === 1,
        firstMember: 1 + (Math.floor(random() * members) % members),
      });
      if (killAfter !== undefined) {
        await Bun.sleep(killAfter); // some moment of the storm, from its beginning on
        await shop.kill();
        shops.shift();
      }
      await crowd.done();
      const answers = crowd.answers();
      for (const [type, n] of Object.entries(byType(answers))) counts[type] = (counts[type] ?? 0) + n;
      for (const { member, key, id } of answers) if (id !== undefined) acknowledged.set(`${member} ${key}`, id);
      falsely.push(...(await falselyRefused(db, template, answers)));
    }

    for (let round = 0; round < kills; round++) {
      if (random() < 0.5) await flush(redis);
      const trouble = random();
      if (random() < 0.2) await copy(redis);
      if (trouble < 0.1) await fromOldCopy(redis);
      const shop = await open(round);
      const stopped = trouble > 0.95 ? stopFor(redis, counted(1_000, 5_000)) : undefined;
      await storm(shop, round, Math.ceil((stock / kills) * 1.2), 250 + random() * 400);
      await stopped;
    }
    // Whatever happened, every unit can still be claimed.
    const last = await open(kills);
    for (let round = kills; (await issuedOf(db, template)) < stock && round < kills + 50; round++)
      await storm(last, round, stock);
    for (const shop of shops) await shop.kill();

    const row = await db.first(sql`
      SELECT state, issued, (SELECT count(*) FROM coupon) AS n,
        (SELECT count(DISTINCT member) FROM coupon) AS members FROM coupon_template`);
    const lost = await lostClaims(db, acknowledged);
    console.log(
      `${kills} kills, seed ${seed}: ${JSON.stringify(counts)}, ${acknowledged.size} claims acknowledged, ` +
        `${lost.length} lost, ${falsely.length} refused falsely, rows ${JSON.stringify(row)}`,
    );
    expect(row).toEqual({ state: "SOLD_OUT", issued: stock, n: stock, members: stock });
    expect(lost).toEqual([]);
    expect(falsely).toEqual([]);
    expect(
      Object.keys(counts).filter(
        (type) => !["Coupon", "SoldOut", "LimitReached", "RateLimited", "GONE"].includes(type),
      ),
    ).toEqual([]);
    expect(await mendedGate(db, redis, template)).toEqual({ remaining: 0, pending: 0 });
  },
  patienceMs,
);

/** The settings of servers on one port, and the broker beside them. */
async function sharing(dataDir: string): Promise<Record<string, string>> {
  const env = { BROKER: "own-process", BROKER_PORT: String(freePort()), PORT: String(freePort()), PORT_SHARED: "1" };
  const broker = await openBroker(shopEnv(dataDir, { ...memberEnv, ...env }), () => {});
  cleanup.push(() => broker.stop());
  return env;
}

async function flush(redis: TestRedis): Promise<void> {
  const raw = await redis.raw();
  await raw.send("FLUSHALL", []);
}

/** What Redis will come back with when it is started anew. */
async function copy(redis: TestRedis): Promise<void> {
  const raw = await redis.raw();
  await raw.send("SAVE", []);
}

/** Redis comes back as it was some rounds ago: what was done since is forgotten. */
async function fromOldCopy(redis: TestRedis): Promise<void> {
  await redis.kill();
  await redis.start();
}

async function stopFor(redis: TestRedis, ms: number): Promise<void> {
  await Bun.sleep(200); // the storm has begun
  redis.freeze();
  await Bun.sleep(ms); // so long it is silent
  redis.thaw();
}
