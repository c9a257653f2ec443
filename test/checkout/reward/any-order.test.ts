import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { counted, isLong } from "../../support/length.ts";
import { openOrders } from "../../support/orders.ts";
import { openRewardWorld, type Step } from "../../support/reward-world.ts";
import { addCouponPromotion, earnedBy, rewardFaults, rewardSums, settledFaults } from "../../support/rewards.ts";

const { db, ctx, name } = await openOrders();
afterAll(() => db.close());
// What is given stacks with nothing, takes 10 off and is plentiful; of the second promotion there is too little.
await addCouponPromotion(ctx, "Thanks", [1_000, 3_000, 4_500]);
await addCouponPromotion(ctx, "Scarce", [0], { stock: 2 });

/** What becomes of something that was earned: many enough steps lead to each of them. */
const outcomes = ["GIVEN", "REFUSED SOLD_OUT", "TAKEN_BACK", "KEPT USED", "CANCELLED"];

const share = fc.noBias(fc.integer({ min: 0, max: 999 })).map((n) => n / 1_000);
const of = fc.noBias(fc.integer({ min: 0, max: 1 }));
const onOrder = (kind: "lock" | "redeem" | "complete" | "release" | "refund") =>
  fc.record({ kind: fc.constant(kind), of, dice: share });
const onOne = (kind: "deliver" | "step" | "crash" | "park" | "hold" | "use") =>
  fc.record({ kind: fc.constant(kind), pick: share });
const alone = (kind: "sweep" | "restock" | "sell-out" | "free") => fc.record({ kind: fc.constant(kind) });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: onOrder("lock") },
    { weight: 6, arbitrary: onOrder("redeem") },
    { weight: 6, arbitrary: onOrder("complete") },
    { weight: 1, arbitrary: onOrder("release") },
    { weight: 4, arbitrary: onOrder("refund") },
    { weight: 12, arbitrary: onOne("deliver") },
    { weight: 40, arbitrary: onOne("step") },
    { weight: 4, arbitrary: onOne("crash") },
    { weight: 2, arbitrary: onOne("park") },
    { weight: 3, arbitrary: onOne("hold") },
    { weight: 3, arbitrary: onOne("use") },
    { weight: 2, arbitrary: alone("free") },
    { weight: 1, arbitrary: alone("sweep") },
    { weight: 1, arbitrary: alone("restock") },
    { weight: 1, arbitrary: alone("sell-out") },
  ),
  { minLength: 20, maxLength: 80, size: "max" },
);

test("in any order of events and kills each order is given once what the rest of its payment earns", async () => {
  const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const seen = new Set<string>();
  const property = fc.asyncProperty(steps, async (list) => {
    const names = [name(), name()];
    const world = openRewardWorld(db, ctx, names);
    for (const of of names.keys()) await world.happen({ kind: "lock", of, dice: 0 });
    await world.happen({ kind: "redeem", of: 0, dice: 0 });
    for (const step of list) {
      await world.happen(step);
      expect(await rewardFaults(db)).toEqual([]);
    }
    await world.finish();
    expect(await rewardSums(db)).toEqual([]);
    for (const orderId of names) {
      expect(await settledFaults(world.ctx, orderId)).toEqual([]);
      for (const told of await earnedBy(world.ctx, orderId)) seen.add(told.replace(/ \d+/, ""));
    }
  });
  await fc.assert(property, { seed, numRuns: Number(Bun.env.RUNS ?? counted(2, 200)), endOnFailure: !Bun.env.SHRINK });
  if (isLong) expect(seen).toEqual(new Set(outcomes));
}, 600_000);
