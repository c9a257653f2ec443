import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { attempts, gateState, reconcileGate, settle } from "../../../src/coupon/gate/gate.ts";
import { admitInCrowd, settleInCrowd } from "../../../src/coupon/gate/gate-crowd.ts";
import { counted } from "../../support/length.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { until } from "../../support/wait.ts";

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger({ redis: hasRedis });
});
afterAll(closeLedgers);

interface Asked {
  readonly template: number;
  readonly member: number;
  readonly token: string;
}

/** The gate as the invariants tell of it, a claim at a time. */
function model(stocks: readonly number[]) {
  const left = new Map(stocks.map((units, template) => [template, units] as const));
  const pending = new Set<string>();
  const tries = new Map<string, number>();
  return {
    left,
    pending,
    admit({ template, member, token }: Asked): string {
      const tried = (tries.get(`${template}/${member}`) ?? 0) + 1;
      tries.set(`${template}/${member}`, tried);
      if (tried > attempts.limit) return "rate_limited";
      const units = left.get(template);
      if (units === undefined) return "unloaded";
      if (pending.has(`${template}/${token}`)) return "admitted";
      if (units === 0) return "sold_out";
      left.set(template, units - 1);
      pending.add(`${template}/${token}`);
      return "admitted";
    },
  };
}

test.skipIf(!hasRedis)(
  "I1 I4 claims that are asked for together are admitted as if one came after the other",
  async () => {
    const claim = fc.record({
      template: fc.nat(2), // the last has no gate
      member: fc.oneof(
        { weight: 1, arbitrary: fc.constant(1) },
        { weight: 2, arbitrary: fc.integer({ min: 2, max: 9 }) },
      ),
      token: fc.nat(30).map((n) => `c${n}`),
    });
    const crowds = fc.array(fc.array(claim, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(crowds, fc.tuple(fc.nat(12), fc.nat(2)), async (asked, stocks) => {
        const { ctx } = shop;
        await ctx.redis?.flushall();
        for (const [template, units] of stocks.entries()) await reconcileGate(ctx.redis, template, units);
        const wanted = model(stocks);
        for (const crowd of asked) {
          const answers = await Promise.all(crowd.map((each) => admitInCrowd(ctx, each)));
          // Those of a template keep their order; templates know nothing of each other.
          expect(answers.map(({ kind }) => kind)).toEqual(crowd.map((each) => wanted.admit(each)) as never);
          for (const answer of answers) if (answer.kind === "rate_limited") expect(answer.waitMs).toBeGreaterThan(0);
        }
        for (const template of stocks.keys()) {
          const pending = [...wanted.pending].filter((name) => name.startsWith(`${template}/`)).length;
          expect(await gateState(ctx.redis, template)).toEqual({ remaining: wanted.left.get(template)!, pending });
        }
      }),
      { numRuns: counted(40, 2_000) },
    );
  },
);

test.skipIf(!hasRedis)(
  "ends of claims that are told together give back the units of those that were refused, once",
  async () => {
    const { ctx } = shop;
    await ctx.redis?.flushall();
    await reconcileGate(ctx.redis, 1, 2_500);
    const claims = Array.from({ length: 2_500 }, (_, n) => ({ template: 1, member: n, token: `c${n}` }));
    await Promise.all(claims.map((claim) => admitInCrowd(ctx, claim)));
    expect(await gateState(ctx.redis, 1)).toEqual({ remaining: 0, pending: 2_500 });
    for (const claim of claims) settleInCrowd(ctx, claim, claim.member >= 1_200);
    await until(async () => (await gateState(ctx.redis, 1))?.pending === 0);
    expect(await gateState(ctx.redis, 1)).toEqual({ remaining: 1_200, pending: 0 });
    await settle(ctx.redis, 1, { issued: [], refused: claims.map(({ token }) => token) });
    expect(await gateState(ctx.redis, 1)).toEqual({ remaining: 1_200, pending: 0 });
  },
);

test.skipIf(!hasRedis)("without an answer of Redis nobody of a crowd is refused", async () => {
  const ctx = { ...shop.ctx, redis: undefined, memory: new Map() };
  const answers = await Promise.all([1, 2].map((n) => admitInCrowd(ctx, { template: n, member: n, token: `c${n}` })));
  expect(answers).toEqual([{ kind: "unavailable" }, { kind: "unavailable" }]);
});
