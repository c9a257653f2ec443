import { expect, test } from "bun:test";
import { isActing } from "../../src/promotion/promotion.ts";
import { tierFor } from "../../src/promotion/tier.ts";

test("a promotion acts while it is enabled, from its start until just before its end", () => {
  const promotion = { enabled: true, startsAt: 10, endsAt: 20 };
  expect([9, 10, 19, 20].map((now) => isActing(promotion, now))).toEqual([false, true, true, false]);
  expect(isActing({ ...promotion, endsAt: null }, 1e15)).toBe(true);
  expect(isActing({ ...promotion, enabled: false }, 15)).toBe(false);
});

test("the highest threshold that is reached decides", () => {
  const tiers = [
    { spend: 100, points: 1 },
    { spend: 200, points: 2 },
  ];
  expect([99, 100, 199, 200, 5000].map((amount) => tierFor(tiers, amount)?.points)).toEqual([undefined, 1, 1, 2, 2]);
});
