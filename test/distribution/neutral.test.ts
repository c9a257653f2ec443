import { expect, test } from "bun:test";
import fc from "fast-check";
import { neutralise, restore, withoutQuotes } from "../../src/distribution/neutral.ts";
import { counted } from "../support/length.ts";

const signs = [..."=+-@|%＝＋－＠﹦﹢﹣﹫−"];
const odd = [
  "'",
  "''",
  " ",
  "\t",
  "\r",
  "\n",
  "\r\n",
  ";",
  ",",
  '"',
  "\u00A0",
  "\u3000",
  "\uFEFF",
  "\u200B",
  "\0",
  "\x1B",
];
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc
    .array(fc.constantFrom(...signs, ...odd, "a", "1", "会", "cmd|' /C calc'!A0"), { maxLength: 12 })
    .map((all) => all.join("")),
);

/** Written down by itself: what is passed over before a formula's sign, and what ends a cell in some country. */
function isFormula(cell: string): boolean {
  return (
    /^[\t\r\n]/.test(cell) ||
    cell.split(/[;\t\r\n]/).some((part) => {
      const seen = part.replace(
        /^[\s\0-\x20\x7F-\xA0\xAD\u180E\u200B-\u200F\u2028-\u202F\u2060-\u206F\u3000\uFEFF]+/,
        "",
      );
      return signs.some((sign) => seen.startsWith(sign));
    })
  );
}

test("every text comes back from a report as it was, and is no formula in it", () => {
  fc.assert(
    fc.property(text, (cell) => {
      const safe = neutralise(cell);
      expect(restore(safe)).toBe(cell);
      expect(isFormula(safe)).toBe(false);
      if (!isFormula(cell) && restore(cell) === cell) expect(safe).toBe(cell);
    }),
    { numRuns: counted(500, 1_000_000) },
  );
});

test("without the quotes of all reports a text is what is left when none can be taken off any more", () => {
  const quoted = fc.tuple(text, fc.nat(3)).map(([cell, times]) => {
    return Array.from({ length: times }).reduce((safe: string) => neutralise(safe), cell);
  });
  fc.assert(
    fc.property(quoted, (cell) => {
      let left = cell;
      while (restore(left) !== left) left = restore(left);
      expect(withoutQuotes(cell)).toBe(left);
    }),
    { numRuns: counted(500, 200_000) },
  );
});

test("what spreadsheets take for formulas is quoted, and nothing else is touched", () => {
  const quoted = {
    "=1+1": "'=1+1",
    "+49 151 12345678": "'+49 151 12345678",
    "-5": "'-5",
    "@SUM(A1)": "'@SUM(A1)",
    "  =cmd|' /C calc'!A0": "'  =cmd|' /C calc'!A0",
    "\t=1": "'\t'=1",
    "＝1": "'＝1",
    "a;=1+1;": "a;'=1+1;",
    "note\n- first": "note\n'- first",
    "'=1": "''=1",
    "''+49": "'''+49",
  };
  for (const [cell, safe] of Object.entries(quoted)) {
    expect(neutralise(cell)).toBe(safe);
    expect(restore(safe)).toBe(cell);
  }
  for (const same of [
    "",
    "0049151",
    "a=b",
    "u1@shop.test",
    "O'Neill",
    "'t Hooft",
    "'quoted'",
    "1.38E+10",
    "Berlin, +49",
  ]) {
    expect(neutralise(same)).toBe(same);
    expect(restore(same)).toBe(same);
  }
});
