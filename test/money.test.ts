import { expect, test } from "bun:test";
import fc from "fast-check";
import { decimalsOf, moneyText } from "../src/money.ts";

test.each([
  ["en", "EUR", 3_000, "€30"],
  ["en", "EUR", 3_050, "€30.50"],
  ["zh", "CNY", 3_000, "¥30"],
  ["en", "CNY", 3_000, "CN¥30"],
  ["de", "EUR", 123_456_789, "1.234.567,89 €"],
  ["en", "JPY", 3_000, "¥3,000"],
  ["en", "KWD", 1_500, "KWD 1.500"],
  ["en", "USD", 12_345_678_901_234_567n, "$123,456,789,012,345.67"],
  ["en", "EUR", -5, "-€0.05"],
] as const)("money is written as people of %s write %s: %d is %s", (language, currency, amount, text) => {
  expect(moneyText({ amount, currency }, language).replaceAll("\u00a0", " ")).toBe(text);
});

test("no digit of an amount is lost, however large it is", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.constantFrom("EUR", "JPY", "KWD"), (amount, currency) => {
      const [whole = "", part = ""] = moneyText({ amount, currency }, "en")
        .replace(/[^\d.]/g, "")
        .split(".");
      expect(BigInt(whole + part.padEnd(decimalsOf(currency), "0"))).toBe(amount);
    }),
  );
});
