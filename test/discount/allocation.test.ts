import { expect, test } from "bun:test";
import fc from "fast-check";
import { allocate } from "../../src/discount/allocation.ts";

const seed = Date.now() % 2_147_483_647;
console.log(`allocation: seed ${seed}`);

const add = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0);

test("an amount is split to the last unit, in proportion, never above a weight", () => {
  expect(allocate(2, [1, 1, 1])).toEqual([1, 1, 0]);
  const weights = fc.array(fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 1e11 })), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (list, part) => {
      const amount = Math.floor(add(list) * part);
      const parts = allocate(amount, list);
      expect(add(parts)).toBe(amount);
      for (const [n, each] of parts.entries()) {
        const exact = BigInt(amount) * BigInt(list[n]!);
        const whole = BigInt(Math.max(1, add(list)));
        expect(each >= 0 && each <= list[n]!).toBe(true);
        expect(BigInt(each) * whole <= exact + whole && BigInt(each + 1) * whole > exact).toBe(true);
      }
    }),
    { seed, numRuns: 2_000 },
  );
});
