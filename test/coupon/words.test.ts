import { expect, test } from "bun:test";
import { endOfDay } from "../../src/coupon/template/day-end.ts";
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
  expect(told({ validTo: end })).toEqual(["until December 31, 2026 at 10:59 PM UTC", "截至 2026年12月31日 22:59 UTC"]);
  expect(told({ validDays: 30 })).toEqual(["for 30 days from when you get it", "领取后 30 天内"]);
  expect(told({ validDays: 0 })).toEqual(["on the day on which you get it", "领取当天"]);
  expect(told({ validHours: 1 })).toEqual(["for 1 hour from when you get it", "领取后 1 小时内"]);
  // Whose day that is, where it is not the reader's.
  expect(told({ validDays: 0, dayZone: "UTC" })).toEqual(["on the day on which you get it", "领取当天"]);
  expect(told({ validDays: 0, dayZone: "Europe/Berlin" })).toEqual([
    "on the day on which you get it (by the clock in Europe/Berlin)",
    "领取当天（以 Europe/Berlin 时间为准）",
  ]);
  // Where the shop set a time before which it cannot be used, that is told, too.
  const validFrom = Date.parse("2026-12-01T08:00Z");
  expect(told({ validFrom })).toEqual(["from December 1, 2026 at 8:00 AM UTC", "2026年12月1日 08:00 UTC 起"]);
  expect(told({ validFrom, validTo: end })).toEqual([
    "from December 1, 2026 at 8:00 AM until December 31, 2026 at 10:59 PM UTC",
    "2026年12月1日 08:00 至 2026年12月31日 22:59 UTC",
  ]);
  // Of the member's own, its own.
  expect(told({ validDays: 30 }, { validTo: end })[0]).toBe("until December 31, 2026 at 10:59 PM UTC");
});

test("a threshold is told that the conditions set where the kind has none", () => {
  const { threshold, off, conditions } = couponValues(offer, {}, { locale: "de", timeZone: "UTC" });
  expect([threshold, off, conditions]).toEqual(["50 €", "10 €", "from 50 €"]);
  const without = couponValues({ ...offer, conditions: {} }, {}, { locale: "de", timeZone: "UTC" });
  expect([without.threshold, without.conditions]).toEqual(["", ""]);
});

test("what ends as a day begins is told to end on the day before, by the reader's clock", () => {
  const midnight = Date.parse("2026-12-31T23:00Z");
  const until = (at: number, timeZone: string) => {
    const values = couponValues({ ...offer, validTo: at, closesAt: at }, {}, { locale: "en", timeZone });
    expect(String(values.closesAt)).toBe(String(values.validUntil));
    expect(String(values.validity)).toBe(`until ${values.validUntil}`);
    return String(values.validUntil);
  };
  expect(until(midnight, "Europe/Berlin")).toBe("December 31, 2026 at 11:59 PM GMT+1");
  expect(until(midnight, "Asia/Shanghai")).toBe("January 1, 2027 at 7:00 AM GMT+8");
  expect(until(midnight + 60_000, "Europe/Berlin")).toBe("January 1, 2027 at 12:01 AM GMT+1");
  // The day begins at one where the clock is moved at midnight.
  expect(until(endOfDay(Date.parse("2027-04-29T12:00Z"), 0, "Africa/Cairo"), "Africa/Cairo")).toMatch(
    /^April 29.*11:59/,
  );
});
