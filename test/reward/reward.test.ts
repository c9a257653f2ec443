import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createPromotion } from "../../src/promotion/promotion.ts";
import { couponSums } from "../support/coupon-sums.ts";
import { addTemplate } from "../support/coupons.ts";
import { closeLedgers, type Ledger, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

const rewardOf = ({ ctx }: Ledger, kind: string) => {
  const reward = ctx.rewards.of(kind);
  if (!reward) throw new Error(`there is no reward ${kind}`);
  return reward;
};

test("a reward is reached by its kind; its terms are checked, what they name must be there to give", async () => {
  const ledger = await openLedger();
  const { ctx } = ledger;
  const coupon = rewardOf(ledger, "COUPON");
  expect(ctx.rewards.of("NOTHING")).toBeUndefined();
  expect(await coupon.issues(ctx, { template: "seven" })).toMatchObject([{ path: "template" }]);
  expect(await coupon.issues(ctx, { template: 99_999 })).toEqual([
    { path: "template", message: "there is no coupon template 99999" },
  ]);
  const { id } = await addTemplate(ctx, { issueMode: "SYSTEM", name: "Ten off" });
  expect(await coupon.issues(ctx, { template: id })).toEqual([]);
  expect(await coupon.describe(ctx, { template: id })).toContain("Ten off");
});

test("a reward is given to many in one batch, not beyond what is left, and to one once for each key", async () => {
  const ledger = await openLedger();
  const { ctx } = ledger;
  await ledger.members(10);
  const coupon = rewardOf(ledger, "COUPON");
  const { id: template } = await addTemplate(ctx, { issueMode: "SYSTEM", stock: 5 });
  const left = async () => (await ctx.db.first<{ n: number }>(sql`SELECT ${coupon.left({ template })} AS n`))?.n;
  expect(await left()).toBe(5);
  const members = sql`SELECT seq AS member FROM member WHERE seq <= 3`;
  const { statements, issued } = await coupon.issueToMembers(ctx, { template }, { source: "run/7", members });
  await issued((await ctx.db.write([...statements])) ?? []);
  expect(await left()).toBe(2);
  const one = await coupon.issueOne(ctx, { template }, { member: 9, key: "gift-1" });
  expect(await coupon.issueOne(ctx, { template }, { member: 9, key: "gift-1" })).toEqual(one);
  expect(await left()).toBe(1);
  expect(await couponSums(ctx.db)).toEqual([]);
});

test("a promotion that promises a coupon names a template that there is", async () => {
  const { ctx } = await openLedger();
  const promise = (couponTemplate: number) =>
    createPromotion(ctx, {
      name: "A coupon",
      currency: "EUR",
      rule: { kind: "COUPON", tiers: [{ spend: 100, couponTemplate }] },
    });
  expect(await promise(99_999)).toMatchObject({
    code: "INVALID_INPUT",
    issues: [{ path: "rule.tiers.0.couponTemplate", message: "there is no coupon template 99999" }],
  });
  const { id } = await addTemplate(ctx, { issueMode: "SYSTEM" });
  expect(await promise(id)).toMatchObject({ kind: "COUPON", enabled: false });
});
