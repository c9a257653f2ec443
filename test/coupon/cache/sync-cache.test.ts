import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { couponsChanged } from "../../../src/coupon/cache/sync-cache.ts";
import { walletStatuses } from "../../../src/coupon/cache/wallet-cache.ts";
import { counted } from "../../support/length.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

const withRedis = test.skipIf(!hasRedis);
let wallets: Wallets;
beforeAll(async () => {
  wallets = await openWallets({ redis: hasRedis, turns: () => Math.floor(Math.random() * 4) });
});
afterAll(() => wallets.close());

type Step =
  | { readonly do: "move"; readonly coupon: number; readonly to: (typeof walletStatuses)[number] }
  | { readonly do: "tell"; readonly which: number; readonly wait: boolean }
  | { readonly do: "look"; readonly status: (typeof walletStatuses)[number]; readonly wait: boolean };

const status = fc.constantFrom(...walletStatuses.slice(0, 3));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("move" as const), coupon: fc.nat(1), to: status }),
  fc.record({ do: fc.constant("tell" as const), which: fc.nat(5), wait: fc.boolean() }),
  fc.record({ do: fc.constant("look" as const), status, wait: fc.boolean() }),
);

let used = 0;

/**
 * Moves coupons in the database, with the news of it told in any order and looks in between; then holds every list
 * against the database.
 */
async function live(steps: readonly Step[]): Promise<void> {
  const me = 1_000 + used++;
  const coupons = [await wallets.give(me), await wallets.give(me)];
  const states = coupons.map(() => "AVAILABLE" as (typeof walletStatuses)[number]);
  const news: (() => Promise<void>)[] = [];
  const underway: Promise<unknown>[] = [];
  for (const each of steps) {
    if (each.do === "move") {
      const [coupon = 0, from = "AVAILABLE"] = [coupons[each.coupon], states[each.coupon]];
      if (from === each.to) continue;
      await wallets.set(coupon, each.to);
      states[each.coupon] = each.to;
      news.push(() => couponsChanged(wallets.ctx, [{ member: me, coupon, from, to: each.to }]));
    } else {
      const [tell] = each.do === "tell" ? news.splice(each.which % Math.max(1, news.length), 1) : [];
      const done = each.do === "look" ? wallets.see(me, each.status) : tell?.();
      if (each.wait) await done;
      else underway.push(Promise.resolve(done));
    }
  }
  await Promise.all([...underway, ...news.map((tell) => tell())]);
  for (const each of walletStatuses) {
    const rows = await wallets.db.all<{ id: number }>(sql`
      SELECT id FROM coupon WHERE member = ${me} AND state = ${each} ORDER BY id`);
    expect((await wallets.see(me, each)).sort((a, b) => a - b)).toEqual(rows.map(({ id }) => id));
  }
}

withRedis(
  "however the news of moves overtake each other, once all are told every list is what the database says",
  async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), live), {
      numRuns: counted(100, 300),
    });
  },
  60_000,
);
