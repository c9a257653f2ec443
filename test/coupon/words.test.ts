import { expect, test } from "bun:test";
import { CouponOffer, couponValues } from "../../src/coupon/words.ts";

const offer = CouponOffer.parse({
  ...{ name: "Ten off", kind: "INSTANT", params: { off: 1_000 }, conditions: { minimum: 5_000 }, currency: "EUR" },
  ...{ opensAt: null, closesAt: null, validFrom: null, validTo: null, activeUrl: null },
});
const end = Date.parse("2026-12-31T22:59Z");
const told = (more: Partial<CouponOffer>, own: Parameters<typeof couponValues>[1] = {}) =>
  ["en", "zh-CN"].map((locale) =>
    String(couponValues({ ...offer, ...more }, own, { locale, timeZone: "UTC" }).validity),
  );

test("how long a coupon is good is told by its end, or from when the member gets it", () => {
  expect(told({})).toEqual(["", ""]);
  expect(told({ validTo: end })).toEqual(["until December 31, 2026 at 10:59 PM UTC", "至 2026年12月31日 22:59 UTC"]);
  expect(told({ validDays: 30 })).toEqual(["for 30 days from when you get it", "领取后 30 天内"]);
  expect(told({ validDays: 0 })).toEqual(["on the day on which you get it", "领取当天"]);
  expect(told({ validHours: 1 })).toEqual(["for 1 hour from when you get it", "领取后 1 小时内"]);
  // Of the member's own, its own.
  expect(told({ validDays: 30 }, { validTo: end })[0]).toBe("until December 31, 2026 at 10:59 PM UTC");
});

test("a threshold is told that the conditions set where the kind has none", () => {
  const { threshold, off, conditions } = couponValues(offer, {}, { locale: "de", timeZone: "UTC" });
  expect([threshold, off, conditions]).toEqual(["50 €", "10 €", "from 50 €"]);
  const without = couponValues({ ...offer, conditions: {} }, {}, { locale: "de", timeZone: "UTC" });
  expect([without.threshold, without.conditions]).toEqual(["", ""]);
});
