import { expect, test } from "bun:test";
import { describeConditions, describeDiscount } from "../../src/discount/terms.ts";
import { languages } from "../../src/language.ts";

const kinds = [
  ["FULL_REDUCTION", { spend: 20_000, off: 3_000 }, "€30 off from €200", "满€200减€30"],
  [
    "FULL_REDUCTION",
    { spend: 5_000, off: 500, every: true, times: 3 },
    "€5 off every €50, at most 3 times",
    "每满€50减€5，最多3次",
  ],
  ["DISCOUNT", { basisPointsOff: 500, cap: 700 }, "5% off, at most €7", "9.5折，最多减€7"],
  ["DISCOUNT", { basisPointsOff: 10_000 }, "100% off", "免单"],
  ["INSTANT", { off: 1_000 }, "€10 off", "立减€10"],
  ["CASH", { value: 900 }, "worth €9", "抵用€9"],
] as const;

test.each(kinds)("%s %p is told in English and Chinese, in money of its currency", (kind, params, en, zh) => {
  const told = languages.map((language) => describeDiscount({ kind, params, currency: "EUR" }, language));
  expect(told).toEqual([en, zh]);
});

test("yen are not cents: the same numbers are other amounts in another currency", () => {
  const terms = { kind: "FULL_REDUCTION", params: { spend: 20_000, off: 3_000 }, currency: "JPY" };
  expect(describeDiscount(terms, "en")).toBe("¥3,000 off from ¥20,000");
});

test("conditions are told in English and Chinese", () => {
  const conditions = { goods: { include: ["tea", "cup"] }, categories: { exclude: ["sale"] }, minimum: 300 };
  const told = languages.map((language) => describeConditions({ conditions, currency: "EUR" }, language));
  expect(told).toEqual([
    "for goods tea, cup; not for categories sale; from €3",
    "仅限商品 tea、cup；不含类目 sale；满€3可用",
  ]);
  // Two thresholds of one coupon contradict each other: the one that counts is told, once.
  const spend = (amount: number) => ({ kind: "FULL_REDUCTION", params: { spend: amount, off: 100 }, currency: "EUR" });
  const from = (amount: number) => describeConditions({ ...spend(amount), conditions: { minimum: 300 } }, "en");
  expect([from(200), from(300), from(400)]).toEqual(["from €3", "", ""]);
});
