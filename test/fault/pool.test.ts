import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createCodePool } from "../../src/coupon/code/pool.ts";
import { couponSums } from "../support/coupon-sums.ts";
import { addTemplate } from "../support/coupons.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { counted } from "../support/length.ts";
import { poolOf } from "../support/pools.ts";
import { freePort } from "../support/port.ts";
import { accepted } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const wanted = counted(15_000, 1_000_000);
const kills = counted(1, 20);
const patienceMs = counted(60_000, 300_000);

const cleanup: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of cleanup.reverse()) await stop();
});

test(
  `I9 I10 kill -9 × ${kills} while ${wanted} codes are made, steps delivered twice and late: as many, no two alike`,
  async () => {
    const dataDir = tempDir();
    const db = await openTestDatabase(join(dataDir, "fanfare.db"));
    cleanup.push(() => db.close());
    const { id: template } = await addTemplate({ db }, { codeMode: "POOL", codePrefix: "SALE" });
    const draft = { template, wanted, idempotencyKey: "pool" };
    const { id } = accepted(await createCodePool(testContext(db), draft));
    const port = freePort(); // the queue's messages name it, so that every start needs the same
    const madeSoFar = async () => (await poolOf(db, id)).made;

    const start = (seed: number) => {
      const script = join(import.meta.dir, "../support/fault-server.ts");
      const child = Bun.spawn([process.execPath, script, dataDir, String(port), String(seed)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const kill = async () => {
        child.kill("SIGKILL");
        await child.exited;
      };
      cleanup.push(kill);
      return kill;
    };

    let kill = start(1);
    const killedAt: number[] = [];
    for (let n = 1; n <= kills; n++) {
      await until(async () => (await madeSoFar()) >= (n * wanted) / (kills + 1), patienceMs, `step ${n}`);
      await Bun.sleep(Math.random() * 50); // somewhere in the step
      await kill();
      killedAt.push(await madeSoFar());
      kill = start(n + 1);
    }
    await until(async () => (await poolOf(db, id)).state === "READY", patienceMs, "the pool to be ready");
    console.log(`killed at ${killedAt.join(", ")} of ${wanted}`);
    await Bun.sleep(200); // steps that are held back, or come again, do so within 60 ms
    await kill();
    expect(await poolOf(db, id)).toEqual({ state: "READY", made: wanted, wanted });
    const found = await db.first(
      sql`SELECT count(*) AS n, count(DISTINCT key) AS keys FROM pool_code WHERE pool = ${id}`,
    );
    expect(found).toEqual({ n: wanted, keys: wanted });
    expect(await couponSums(db)).toEqual([]);
  },
  patienceMs * 2,
);
