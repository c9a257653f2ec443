import { describe, expect, test } from "bun:test";
import { decimalsOf } from "../../src/money.ts";
import { codeKey } from "../../src/value/coupon-code.ts";
import { readCurrency } from "../../src/value/currency.ts";
import { readDate, readLocalMoment, readMoment } from "../../src/value/date.ts";
import { readEmail } from "../../src/value/email-address.ts";
import { readExternalId } from "../../src/value/external-id.ts";
import { canonicalJson, type JsonFault } from "../../src/value/json.ts";
import { readLanguage } from "../../src/value/language.ts";
import { readNumber, readWhole } from "../../src/value/number.ts";
import { readPhone } from "../../src/value/phone.ts";
import { readTag } from "../../src/value/tag.ts";
import { readTimeZone } from "../../src/value/time-zone.ts";
import { isUnfit, type Reader } from "../../src/value/value.ts";

/** What is taken as what, and what is refused. */
function table(read: Reader<unknown>, taken: readonly (readonly [string, unknown])[], refused: readonly string[]) {
  expect(taken.map(([given]) => [given, read(given)])).toEqual(taken.map(([given, value]) => [given, value]));
  expect(refused.filter((given) => !isUnfit(read(given)))).toEqual([]);
}

test("an e-mail address is what RFC 5321 and 6531 say, its domain in ASCII, and never localhost", () => {
  const long = "x".repeat(64);
  table(
    readEmail,
    [
      ["r&d@shop.example", "r&d@shop.example"],
      [" Kim.Lee@Shop.Example ", "kim.lee@shop.example"],
      ["user@bücher.example", "user@xn--bcher-kva.example"],
      ["user@BÜCHER.example", "user@xn--bcher-kva.example"],
      ["用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"],
      ["kim\u200B@shop.example", "kim@shop.example"],
      ["o'brien+news=x/y@a.b.example", "o'brien+news=x/y@a.b.example"],
      ['"kim"@shop.example', "kim@shop.example"],
      ['"kim lee"@shop.example', '"kim lee"@shop.example'],
      [`${long}@shop.example`, `${long}@shop.example`],
    ],
    [
      ...["kim@localhost", "kim", "@shop.example", "kim@", "a@b@shop.example", "a b@shop.example"],
      ...[".kim@shop.example", "kim.@shop.example", "k..m@shop.example", "kim@shop..example", "kim@.example"],
      ...["kim@shop.example.", "kim@-shop.example", "kim@[192.0.2.1]", "kim@192.0.2.1", "kim@shop_x.example"],
      ...["kim@shop.example:25", "kim@shop.example/x", "Kim <kim@shop.example>", "kim@shop.example, lee@shop.example"],
      ...[`${long}x@shop.example`, `kim@${"y".repeat(64)}.example`, `kim@${"abcdefg.".repeat(32)}example`],
    ],
  );
});

test("a phone number is dialled from abroad: without the zero in brackets, unless the country keeps it", () => {
  table(
    readPhone,
    [
      ["+49 (0) 151 23456789", "+4915123456789"],
      ["+49 0151 23456789", "+4915123456789"],
      ["0049 151 / 123-456 78", "+4915112345678"],
      ["\u202A+49 151 23456789\u202C", "+4915123456789"],
      ["＋４９ 151‑23456789", "+4915123456789"],
      ["+44 (0)20 7946 0958", "+442079460958"],
      ["+39 (0)6 1234567", "+39061234567"],
      ["+39 06 1234567", "+39061234567"],
      ["+48 (0) 22 123 45 67", "+48221234567"],
      ["tel:+1-500-555-0006", "+15005550006"],
    ],
    [
      "0151 23456789",
      "12",
      "+999123456789",
      "+4.9151E+12",
      "+49 151 123 ext. 5",
      "+1-800-FLOWERS",
      "+491512345678901234",
      "",
    ],
  );
});

test("an id is what the shop writes, without blanks and what nobody sees; what a spreadsheet rounded is none", () => {
  table(
    readExternalId,
    [
      ["4711 ", "4711"],
      ["\uFEFF4711\u200B", "4711"],
      ["4711\r", "4711"],
      ["Cafe\u0301", "Café"],
      ["Kim\u00A0 Lee", "Kim Lee"],
      ["123e4567-e89b", "123e4567-e89b"],
      ["12E45", "12E45"],
    ],
    ["4.00639E+12", "4,00639E+12", "4E+12", "1.5E-07", "", " \u200B", "x\0", "\ud800", "x".repeat(201)],
  );
  expect(readExternalId("4.00639E+12")).toEqual({ unfit: expect.stringContaining("format the column as text") });
});

test("a tag is one however its letters were composed; emoji and words that need joiners keep theirs", () => {
  const family = "\u{1F469}\u200D\u{1F467}";
  table(
    readTag,
    [
      ["Cafe\u0301", "Café"],
      [" VIP\u200B\t gold ", "VIP gold"],
      [family, family],
      ["❤️", "❤️"],
      ["می\u200Cخواهم", "می\u200Cخواهم"],
      ["a\u200Db", "ab"],
    ],
    [" ", "x".repeat(101)],
  );
});

test("a code is read as it was meant: pasted, wide, in quotes, with other dashes, O for 0", () => {
  const key = "SUMMER7ZP4Q1M9XK2VB3";
  for (const pasted of [
    "SUMMER-7ZP4Q1M9XK2VB3",
    "\u200Bsummer-7zp4q1m9xk2vb3\u2060",
    "\u202ASUMMER\u2011 7ZP4QlM9XK2VB3\u202C",
    "“SUMMER—7ZP4QIM9XK2VB3”.",
    "ＳＵＭＭＥＲ－７ＺＰ４Ｑ１Ｍ９ＸＫ２ＶＢ３",
    "SUMMER\u22127ZP4\u00ADQ1M9\u00A0XK2VB3",
  ])
    expect(codeKey(pasted)).toBe(key);
  expect(codeKey("SUMMER-7ZP4Q1M9XK2VB4")).not.toBe(key);
  expect(["O~*$=", "０～＊＄＝"].map(codeKey)).toEqual(["0~*$=", "0~*$="]);
});

describe("what Intl knows", () => {
  test("a currency is one of ISO 4217, in capitals, and has the decimals that it has", () => {
    table(
      readCurrency,
      [
        ["eur", "EUR"],
        [" JPY", "JPY"],
        ["XOF", "XOF"],
      ],
      ["ZZZ", "XXX", "XTS", "EURO", "€", ""],
    );
    expect(["EUR", "JPY", "BHD"].map(decimalsOf)).toEqual([2, 0, 3]);
  });

  test("a language tag is written as BCP 47 writes it", () => {
    table(
      readLanguage,
      [
        ["pt-br", "pt-BR"],
        ["de_AT", "de-AT"],
        ["zh-hans-cn", "zh-Hans-CN"],
        ["iw", "he"],
        ["de_DE.UTF-8", "de-DE"],
      ],
      ["german", "x-y", "d", "", "de-", "1"],
    );
  });

  test("a time zone is an IANA name, however it is written, and no offset", () => {
    table(
      readTimeZone,
      [
        ["europe/berlin", "Europe/Berlin"],
        ["utc", "UTC"],
      ],
      ["+02:00", "Mars/Base", "", "CEST2"],
    );
  });
});

describe("dates", () => {
  test("a moment says its offset, a date is one of the calendar", () => {
    table(
      readMoment,
      [["2026-11-11T08:00:00+01:00", Date.parse("2026-11-11T07:00:00Z")]],
      ["2026-11-11", "2026-11-11T08:00:00", "2026-02-30T08:00:00Z", "2026-11-11T08:00Z", "yesterday"],
    );
    expect(readMoment("2026-11-11T08:00:00")).toEqual({ unfit: expect.stringMatching(/which zone/) });
    table(readDate, [["2028-02-29", "2028-02-29"]], ["2026-02-29", "2026-13-01", "29.02.2028", "2026-1-1", ""]);
  });

  test("in a file a date is the shop's day, a time without an offset the shop's", () => {
    const inNewYork = readLocalMoment("America/New_York");
    table(
      inNewYork,
      [
        ["2026-11-28", Date.parse("2026-11-28T05:00:00Z")],
        ["2026-06-28", Date.parse("2026-06-28T04:00:00Z")],
        ["2026-11-28 10:00", Date.parse("2026-11-28T15:00:00Z")],
        ["2026-11-28T10:00:00Z", Date.parse("2026-11-28T10:00:00Z")],
      ],
      ["28.11.2026", "11/28/2026", "2026-11-31", "now"],
    );
    const end = readLocalMoment("America/New_York", "end")("2026-12-31");
    expect(end).toBe(Date.parse("2027-01-01T04:59:59.999Z"));
  });
});

test("a number keeps its digits or is refused", () => {
  table(
    readNumber,
    [
      ["38.5", 38.5],
      [" 1e3 ", 1000],
      ["-0.10", -0.1],
    ],
    ["1234567890123456789", "0x10", "1,5", "1e400", ""],
  );
  table(
    readWhole,
    [
      ["+12", 12],
      ["１２", 12],
    ],
    ["1.5", "12 000", "9007199254740992", ""],
  );
  const faults: JsonFault[] = [];
  canonicalJson({ card: 1234567890123456789n, list: [1, 2 ** 60] }, faults);
  expect(faults.map(({ path }) => path.join("."))).toEqual(["card", "list.1"]);
});
