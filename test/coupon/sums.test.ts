import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { sweepTemplates } from "../../src/coupon/template/sweep.ts";
import type { Database } from "../../src/db/client.ts";
import { isRefusal } from "../../src/errors.ts";
import { act, openBazaar } from "../support/coupon-bazaar.ts";
import { couponSums } from "../support/coupon-sums.ts";
import { counted } from "../support/length.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";
import { shopFaults } from "../support/shop-sums.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const rounds = Number(Bun.env.COUPON_ROUNDS ?? counted(2, 8));

/** The shop as a process that runs every other batch twice, as after an answer that was lost. */
function stuttering(shop: Shop): Shop {
  const { db } = shop.ctx;
  let batches = 0;
  const write: Database["write"] = async (queries) => {
    const results = await db.write(queries);
    return batches++ % 2 === 0 ? db.write(queries) : results;
  };
  return { ...shop, ctx: { ...shop.ctx, db: { ...db, write } } };
}

test.each([
  ["by many at once", (shop: Shop) => shop],
  ["by many at once, half of it twice", stuttering],
])(
  "whatever is done with coupons %s, every counter says what the rows say, and all that is left can be had",
  async (_, as) => {
    const seed = Number(Bun.env.COUPON_SEED ?? Date.now() % 2_147_483_647);
    const shop = await openShop({ env: { REDIS_URL: "", PAGE_SIZE: "5" } });
    const bazaar = await openBazaar(as(shop), 16, seed);
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: 80 }, () => act(bazaar)));
      expect({ seed, round, faults: await couponSums(shop.ctx.db) }).toEqual({ seed, round, faults: [] });
    }
    await until(() => shop.idle(), undefined, "the shop to be idle");
    await sweepTemplates(shop.ctx);
    expect({ seed, refused: await claimRest(shop) }).toEqual({ seed, refused: [] });
    const faults = [...(await couponSums(shop.ctx.db)), ...(await shopFaults(shop.ctx))];
    expect({ seed, faults }).toEqual({ seed, faults: [] });
  },
  120_000,
);

/** Has newcomers claim all that is left; answers whoever was refused. */
async function claimRest(shop: Shop): Promise<unknown[]> {
  const { ctx } = shop;
  const open = await ctx.db.all<{ id: number; left: number }>(sql`
    SELECT id, min(coalesce(stock - issued, 30), coalesce((budget - reserved - spent) / max_discount, 30)) AS left
    FROM coupon_template
    WHERE state IN ('ACTIVE', 'SOLD_OUT') AND issue_mode = 'SELF_CLAIM' AND recurrence IS NULL
      AND coalesce(opens_at, 0) <= ${ctx.clock()}`);
  await shop.members(30);
  const newcomers = await ctx.db.all<{ seq: number; id: string }>(
    sql`SELECT seq, id FROM member ORDER BY seq DESC LIMIT 30`,
  );
  const refused: unknown[] = [];
  for (const { id: template, left } of open) {
    const answers = await Promise.all(
      newcomers.map((member) =>
        claimCoupon({ ...ctx, actor: { kind: "member", ...member } }, { template, idempotencyKey: `rest ${template}` }),
      ),
    );
    const given = answers.filter((answer) => !isRefusal(answer)).length;
    if (given !== Math.min(left, 30)) refused.push({ template, left, given, why: answers.filter(isRefusal) });
  }
  return refused;
}
