import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { codeKey, codeText } from "../../src/value/coupon-code.ts";
import { readCurrency } from "../../src/value/currency.ts";
import { readDate } from "../../src/value/date.ts";
import { readEmail } from "../../src/value/email-address.ts";
import { externalIdForms, readExternalId } from "../../src/value/external-id.ts";
import { canonicalJson } from "../../src/value/json.ts";
import { readLanguage } from "../../src/value/language.ts";
import { isExact, readNumber, readWhole } from "../../src/value/number.ts";
import { plain, readPhone } from "../../src/value/phone.ts";
import { blockOf, lineOf, partOf, readBlock, readLine } from "../../src/value/plain-text.ts";
import { readTag } from "../../src/value/tag.ts";
import { readTimeZone } from "../../src/value/time-zone.ts";
import { isUnfit, type Reader } from "../../src/value/value.ts";
import { counted } from "../support/length.ts";

const numRuns = counted(80, 2_000);
/** Texts as people paste them: letters that are composed or not, blanks and invisible characters of all kinds. */
const pasted = fc
  .array(
    fc.constantFrom(
      ..."aZ09éÄß日👩❤️ك क्षो".split(""),
      ...["\u0065\u0301", "\u200B", "\u200D", "\u200C", "\u2060", "\uFEFF", "\u202A", "\u00AD", "\u034F", "\u3164"],
      ...["\uFE0F", "\u00A0", "\t", "\n", " ", "\u0007"],
      ..."@ . - + ( ) ' \" _ ＠ Ｋ — \u{1F469}\u200D\u{1F467}".split(" "),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));
const anything = fc.oneof(pasted, fc.string({ unit: "binary", maxLength: 20 }), fc.string({ maxLength: 20 }));
const address = fc
  .tuple(anything, fc.constantFrom("shop.example", "bücher.example", "BÜCHER.example", "日本.jp", "localhost", "a..b"))
  .map(([local, domain]) => `${local}@${domain}`);
const number = fc
  .tuple(
    fc.constantFrom("+49", "0049", "+39", "+1", "+7", "+36", "+86", "+48"),
    fc.stringMatching(/^[ -]?(\(0\))?[ 0-9/-]{4,14}$/),
  )
  .map((parts) => parts.join(" "));

const kinds: Readonly<Record<string, readonly [Reader, fc.Arbitrary<string>]>> = {
  "line of text": [readLine(50), anything],
  "text of several lines": [readBlock(50), anything],
  "external id": [readExternalId, anything],
  tag: [readTag, anything],
  "e-mail address": [readEmail, fc.oneof(address, anything)],
  "phone number": [readPhone, fc.oneof(number, anything)],
  "language tag": [readLanguage, fc.stringMatching(/^ ?[a-zA-Z]{2,3}([-_][a-zA-Z]{2,4}){0,2} ?$/)],
  "time zone": [readTimeZone, fc.constantFrom("europe/berlin", " Asia/Kolkata", "utc", "Etc/GMT+2", "+02:00", "x")],
  currency: [readCurrency, fc.constantFrom("eur", " JPY", "ＥＵＲ", "ZZZ", "€")],
  date: [
    readDate,
    fc.oneof(
      fc.date({ noInvalidDate: true }).map((at) => at.toISOString().slice(0, 10)),
      anything,
    ),
  ],
};

describe("what a reader of values takes comes out in one form", () => {
  test.each(Object.entries(kinds))("%s: the canonical form of a canonical form is itself", (_, [read, given]) => {
    fc.assert(
      fc.property(given, (text) => {
        const value = read(text);
        if (!isUnfit(value)) expect(read(value)).toBe(value);
        else expect(value.unfit).toMatch(/^(is|has|does|must) .+/);
      }),
      { numRuns },
    );
  });

  test("a number in E.164 that needs no library is what the library makes of it", () => {
    const countries = ["1", "7", "86", "44", "61", "20", "34", "39", "43", "49", "56", "66", "91", "95"];
    const digits = fc
      .tuple(fc.constantFrom(...countries), fc.stringMatching(/^\d{6,10}$/))
      .map(([a, b]) => `+${a}${b}`);
    fc.assert(
      fc.property(digits, (text) => {
        if (plain.test(text)) expect(parsePhoneNumberFromString(text)?.number as string | undefined).toBe(text);
      }),
      { numRuns },
    );
  });

  test("texts that look alike are one: composed or not, with or without what nobody sees", () => {
    for (const form of [lineOf, blockOf, partOf])
      fc.assert(
        fc.property(anything, (text) => {
          expect(form(form(text))).toBe(form(text));
          expect(form(text.normalize("NFD"))).toBe(form(text.normalize("NFC")));
        }),
        { numRuns },
      );
  });

  test("a code, once folded, is folded no further, and its key is that of the code", () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(codeText(codeText(text))).toBe(codeText(text));
        expect(codeKey(codeText(text))).toBe(codeKey(text));
        expect(codeKey(codeKey(text))).toBe(codeKey(text));
      }),
      { numRuns },
    );
  });

  test("a JSON value, once canonical, stays, and no digit of a number changes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const once = canonicalJson(given, []);
        expect(canonicalJson(once, [])).toEqual(once);
      }),
      { numRuns },
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (digits) => {
        const read = readNumber(String(digits));
        if (!isUnfit(read)) expect(BigInt(read)).toBe(digits);
        else expect(isExact(String(digits)) && Number.isSafeInteger(Number(digits))).toBe(false);
        const whole = readWhole(String(digits));
        if (!isUnfit(whole)) expect(BigInt(whole)).toBe(digits);
      }),
      { numRuns },
    );
  });

  test("an id is looked for under its canonical form first, then as it was taken in earlier times", () => {
    expect(externalIdForms("4711")).toEqual(["4711"]);
    expect(externalIdForms("4711 ")).toEqual(["4711", "4711 "]);
    expect(externalIdForms("Zoë")).toEqual(["Zoë", "Zoe\u0308"]);
  });
});
