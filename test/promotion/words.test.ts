import { expect, test } from "bun:test";
import type { PromotionRule } from "../../src/promotion/tier.ts";
import { type PromotionOffer, promotionValues } from "../../src/promotion/words.ts";

const facts = { name: "Advent", remark: "", currency: "EUR", startsAt: Date.parse("2026-12-01T00:00Z"), endsAt: null };
const gift = { name: "Ten off", kind: "INSTANT", params: { off: 1_000 }, currency: "EUR" };
type Told = readonly [tiers: string, worth: string];

function told(rule: PromotionRule, locale: string, more: Partial<PromotionOffer> = {}): Told {
  const { tiers, worth } = promotionValues({ ...facts, ...more, ...rule }, { locale, timeZone: "UTC" });
  return [tiers, worth];
}

test("a window that ends as a day begins is told to end on the day before, by the reader's clock", () => {
  const rule: PromotionRule = { kind: "FULL_REDUCTION", tiers: [{ spend: 0, off: 500 }] };
  const [startsAt, endsAt] = [Date.parse("2026-11-30T23:00Z"), Date.parse("2026-12-31T23:00Z")];
  const inZone = (timeZone: string) =>
    promotionValues({ ...facts, ...rule, startsAt, endsAt }, { locale: "zh", timeZone });
  const berlin = inZone("Europe/Berlin");
  expect(berlin.window).toBe("2026年12月1日 00:00 至 2026年12月31日 23:59 GMT+1");
  expect([`${berlin.startsAt}`, `${berlin.endsAt}`]).toEqual([
    "2026年12月1日 00:00 GMT+1",
    "2026年12月31日 23:59 GMT+1",
  ]);
  expect(inZone("Asia/Shanghai").window).toBe("2026年12月1日 07:00 至 2027年1月1日 07:00 GMT+8");
});

test.each<[string, PromotionRule, Told, Told, Told]>([
  [
    "an amount off everything",
    { kind: "FULL_REDUCTION", tiers: [{ spend: 0, off: 500 }] },
    ["€5 off", "€5 off"],
    ["立减€5", "立减€5"],
    ["5 € off", "5 € off"],
  ],
  [
    "amounts off by thresholds",
    {
      kind: "FULL_REDUCTION",
      tiers: [
        { spend: 10_000, off: 500 },
        { spend: 20_000, off: 3_000 },
      ],
    },
    ["€5 off from €100; €30 off from €200", "up to €30 off"],
    ["满€100减€5；满€200减€30", "最高减€30"],
    ["5 € off from 100 €; 30 € off from 200 €", "up to 30 € off"],
  ],
  [
    "shares, of which the best is not the last",
    {
      kind: "DISCOUNT",
      tiers: [
        { spend: 10_000, basisPointsOff: 1_250 },
        { spend: 20_000, basisPointsOff: 500 },
      ],
    },
    ["12.5% off from €100; 5% off from €200", "up to 12.5% off"],
    ["满€100打8.75折；满€200打9.5折", "低至8.75折"],
    ["12,5 % off from 100 €; 5 % off from 200 €", "up to 12,5 % off"],
  ],
  [
    "points",
    {
      kind: "POINTS",
      tiers: [
        { spend: 0, points: 1 },
        { spend: 10_000, points: 1_500 },
      ],
    },
    ["1 point; 1,500 points from €100", "up to 1,500 points"],
    ["送1积分；满€100送1,500积分", "最高送1,500积分"],
    ["1 point; 1.500 points from 100 €", "up to 1.500 points"],
  ],
])("%s are told in words", (_name, rule, english, chinese, german) => {
  expect([told(rule, "en"), told(rule, "zh-CN"), told(rule, "de")]).toEqual([english, chinese, german]);
});

test("of a coupon that is given, its name and worth are told; of one that is gone, that it is a coupon", () => {
  const rule: PromotionRule = { kind: "COUPON", tiers: [{ spend: 5_000, couponTemplate: 1 }] };
  expect(told(rule, "en", { gifts: [gift] })).toEqual(['a coupon "Ten off" (€10 off) from €50', 'a coupon "Ten off"']);
  expect(told(rule, "zh", { gifts: [gift] })).toEqual(["满€50送优惠券「Ten off」（立减€10）", "送优惠券「Ten off」"]);
  expect(told(rule, "en", { gifts: [null] })).toEqual(["a coupon from €50", "a coupon"]);
});

test("a window is told without an end where it has none, and with both zones where the clock is moved between", () => {
  const { startsAt } = facts;
  const window = (locale: string, endsAt: number | null) => {
    const place = { locale, timeZone: "Europe/Berlin" };
    return promotionValues({ ...facts, endsAt, kind: "POINTS", tiers: [{ spend: 0, points: 1 }] }, place).window;
  };
  expect(window("en", null)).toBe("from December 1, 2026 at 1:00 AM GMT+1");
  expect(window("zh", null)).toBe("2026年12月1日 01:00 GMT+1 起");
  expect(window("en", startsAt + 86_400_000)).toBe(
    "from December 1, 2026 at 1:00 AM until December 2, 2026 at 1:00 AM GMT+1",
  );
  const summer = Date.parse("2027-06-01T00:00Z");
  expect(window("zh", summer)).toBe("2026年12月1日 01:00 GMT+1 至 2027年6月1日 02:00 GMT+2");
});
