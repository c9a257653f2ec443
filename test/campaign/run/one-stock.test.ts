import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { gateState } from "../../../src/coupon/gate/gate.ts";
import { loadGate, reconcileTemplate } from "../../../src/coupon/gate/reconcile.ts";
import { openRedis } from "../../../src/redis/client.ts";
import { realWorld } from "../../../src/world.ts";
import { addTemplate } from "../../support/coupons.ts";
import { couponFaults } from "../../support/issue.ts";
import { bookFaults, ledgerOf } from "../../support/ledger.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { claimAs, planned } from "../../support/pages.ts";
import { hasRedis, startRedis, type TestRedis } from "../../support/redis-server.ts";
import { until } from "../../support/wait.ts";

const members = 300;
const stock = 210;
const [pageSize, together] = [20, 10];
/** Past what any claim or page may take. */
const later = 11_000;

const toStop: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of toStop.reverse()) await stop();
  await closeLedgers();
});

/** A ledger whose Redis a test may kill. */
async function openShaky(): Promise<{ shop: Ledger; redis: TestRedis }> {
  const redis = await startRedis();
  const handle = await openRedis({ kind: "url", url: redis.url }, realWorld, () => {});
  toStop.push(redis.stop, handle.close);
  const ledger = await openLedger();
  return { redis, shop: { ...ledger, ctx: { ...ledger.ctx, redis: handle.client } } };
}

/** Coupons of either kind. */
async function given({ ctx }: Ledger): Promise<{ claims: number; run: number }> {
  const row = await ctx.db.first<{ claims: number; run: number }>(sql`
    SELECT count(*) FILTER (WHERE source = 'CLAIM') AS claims, count(*) FILTER (WHERE source <> 'CLAIM') AS run
    FROM coupon`);
  return row ?? { claims: 0, run: 0 };
}

test.skipIf(!hasRedis)(
  "I1 I4 I17 a flash sale and an issue on one stock, Redis flushed, dead, back: both go on, just the stock is given",
  async () => {
    const { shop, redis } = await openShaky();
    await shop.members(members);
    const { id } = await addTemplate(shop.ctx, { stock });
    await loadGate(shop.ctx, id);
    const { run, pages, write } = await planned(shop, id, pageSize);
    const leftNow = async () => stock - Object.values(await given(shop)).reduce((sum, n) => sum + n, 0);

    const falsely: unknown[] = [];
    let top = members;
    async function sale(crowds: number): Promise<void> {
      for (let crowd = 0; crowd < crowds && top > 0; crowd++, top -= together) {
        const answers = await Promise.all(Array.from({ length: together }, (_, n) => claimAs(shop, id, top - n)));
        if (answers.includes("SOLD_OUT") && (await leftNow()) > 0) falsely.push(answers);
      }
    }
    let page = 0;
    async function issue(most: number): Promise<void> {
      for (const last = Math.min(pages, page + most); page < last; page++) await write(page);
    }
    /** Both go on while Redis is as it is. */
    const both = async () => {
      await Promise.all([sale(2), issue(2)]);
      return given(shop);
    };

    const progress = [await both()];
    await shop.ctx.redis?.flushall();
    progress.push(await both());
    await redis.kill();
    progress.push(await both());
    expect(progress).toEqual([1, 2, 3].map((n) => ({ claims: n * 2 * together, run: n * 2 * pageSize })));
    await redis.start();
    await Promise.all([sale(members), issue(pages)]);

    expect(falsely).toEqual([]);
    expect(await leftNow()).toBe(0);
    const { "COUPON SENT": sent, ...skipped } = await ledgerOf(shop.ctx.db, run);
    expect(sent).toBe((await given(shop)).run);
    expect(Object.keys(skipped).sort()).toEqual(["COUPON SKIPPED LIMIT_REACHED", "COUPON SKIPPED SOLD_OUT"]);
    expect([...(await bookFaults(shop.ctx.db, run)), ...(await couponFaults(shop.ctx.db))]).toEqual([]);
    await until(() => gateState(shop.ctx.redis, id)); // whoever found none has it loaded
    shop.pass(later);
    await reconcileTemplate(shop.ctx, id);
    expect(await gateState(shop.ctx.redis, id)).toEqual({ remaining: 0, pending: 0 });
    expect(await reconcileTemplate(shop.ctx, id)).toMatchObject({ drift: 0, settled: 0, released: 0 });
  },
);
