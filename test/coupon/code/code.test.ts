import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { array, assert, asyncProperty, bigInt, constantFrom, integer, property, tuple } from "fast-check";
import { alphabet, checked, isWellTyped, makeCode, makeCodes } from "../../../src/coupon/code/code.ts";
import { codeHash } from "../../../src/coupon/code/code-hash.ts";
import { readCodeRow } from "../../../src/coupon/code/code-row.ts";
import { codesOf } from "../../../src/coupon/issue/code-in-sql.ts";
import { prefixFor } from "../../../src/coupon/template/code-prefix.ts";
import { codeKey } from "../../../src/value/coupon-code.ts";
import { openTestDatabase } from "../../support/database.ts";
import { testContext } from "../../support/graphql.ts";
import { counted } from "../../support/length.ts";

const prefixes = constantFrom("", "SUMMER", "LOL", "X1", "OILOIL000111");
/** The signs of one code, from a seed. */
const sloppy = integer({ min: 0, max: 2 ** 31 });

/** The same code as a tired person types it. */
function retyped(code: string, seed: number): string {
  let dice = seed;
  const roll = (sides: number) => {
    dice = (dice * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((dice / 2 ** 31) * sides);
  };
  const alike: Readonly<Record<string, string>> = { "0": "0Oo", "1": "1IiLl" };
  return [...code]
    .filter((sign) => sign !== "-" || roll(2) === 0)
    .map((sign) => {
      const signs = alike[sign] ?? sign + sign.toLowerCase();
      return `${["", " ", "-", "–", "\u00a0"][roll(9)] ?? ""}${signs[roll(signs.length)]}`;
    })
    .join("");
}

test("a code has its template's prefix, 13 symbols of 5 random bits and a check symbol, and is well typed", () => {
  const codes = makeCodes("SUMMER", 20_000);
  expect(new Set(codes).size).toBe(20_000);
  for (const code of codes) expect(code).toMatch(/^SUMMER-[0-9A-HJKMNP-TV-Z]{14}$/);
  expect(codes.every(isWellTyped)).toBe(true);
  // Every symbol is as likely as any other: 8,125 of each, give or take five standard deviations.
  const counts = new Map<string, number>();
  for (const code of codes) for (const symbol of code.slice(7, 20)) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  expect(counts.size).toBe(32);
  for (const n of counts.values()) expect(Math.abs(n - 8_125)).toBeLessThan(450);
});

test("however a code is typed, it is the same code", () => {
  assert(
    property(tuple(prefixes, sloppy), ([prefix, seed]) => {
      const code = makeCode(prefix);
      expect(codeKey(retyped(code, seed))).toBe(codeKey(code));
      expect(isWellTyped(retyped(code, seed))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("one wrong symbol, or two that changed places, is told without asking anyone", () => {
  const at = integer({ min: 0, max: 12 });
  assert(
    property(tuple(prefixes, at, at, integer({ min: 1, max: 31 })), ([prefix, one, other, by]) => {
      const code = makeCode(prefix);
      const body = [...code.slice(-14, -1)];
      const sign = (i: number) => body[i] ?? "";
      const told = (changed: readonly string[]) => {
        expect(isWellTyped(`${code.slice(0, -14)}${changed.join("")}${code.slice(-1)}`)).toBe(false);
      };
      told(body.with(one, alphabet[(alphabet.indexOf(sign(one)) + by) % 32] ?? ""));
      if (sign(one) !== sign(other)) told(body.with(one, sign(other)).with(other, sign(one)));
    }),
    { numRuns: 2_000 },
  );
  for (const nothing of ["", "A", "SUMMER-", "7ZP4Q1M9XK2V!3", "x".repeat(10_000)])
    expect(isWellTyped(nothing)).toBe(false);
});

test("codes of earlier times, whose check symbol could be any of 37, stay well typed", () => {
  const symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
  const older = ["0000000000010*", "000000000000ZZ", "000000000004D0"]; // the last one is none
  expect(older.map((code) => [code, isWellTyped(`OLD-${code}`)])).toEqual([
    ["0000000000010*", true],
    ["000000000000ZZ", true],
    ["000000000004D0", false],
  ]);
  for (const symbol of symbols) {
    expect(isWellTyped(`OLD-0000000000010${symbol}`)).toBe(symbol === "*");
  }
});

test("the database makes of the same dice the very code that the program makes", async () => {
  const db = await openTestDatabase();
  const word = bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const pairs = array(tuple(word, word), { minLength: 100, maxLength: 100 });
  await assert(
    asyncProperty(prefixes, pairs, async (prefix, dice) => {
      const rolled = sql`SELECT key AS member, CAST(value ->> 0 AS INTEGER) AS r0, CAST(value ->> 1 AS INTEGER) AS r1
        FROM json_each(${JSON.stringify(dice.map((pair) => pair.map(String)))})`;
      const codes = await db.all<{ member: number; code: string }>(codesOf(rolled, prefix));
      const made = dice.map(([r0, r1], member) => {
        const digits = [...Array.from({ length: 12 }, (_, i) => Number((r0 >> BigInt(5 * i)) & 31n)), Number(r1 & 31n)];
        return { member, code: `${prefix && `${prefix}-`}${checked(digits)}` };
      });
      expect(codes).toEqual(made);
      expect(made.filter(({ code }) => !isWellTyped(code))).toEqual([]);
    }),
    { numRuns: counted(5, 200) },
  );
  await db.close();
});

test("the prefix is made of the first words of the name, or of the template's number", () => {
  const names = [
    "Summer sale 10%",
    "Ten off",
    "Mother's day",
    "Größe zählt",
    "30 off from 200",
    "Internationalization",
  ];
  expect(names.map((name) => prefixFor(name, 7))).toEqual([
    "SUMMER",
    "TENOFF",
    "MOTHERS",
    "GROSSE",
    "30OFF",
    "INTERNAT",
  ]);
  expect(["双11大促", "夏日满减", "5折", "ж", "!"].map((name) => prefixFor(name, 7))).toEqual([
    "11",
    "T7",
    "T7",
    "T7",
    "T7",
  ]);
});

test("the database makes the same key of a code as the program", async () => {
  const db = await openTestDatabase();
  const codes = [...makeCodes("OIL", 300), ...makeCodes("", 300), "lolo-1_x-O0", "ABC-def_gh1I*"];
  await db.write([
    sql`INSERT INTO pool_code (code, template, pool) SELECT value, 1, 1 FROM json_each(${JSON.stringify(codes)})`,
  ]);
  const kept = await db.all<{ code: string; key: string }>(sql`SELECT code, key FROM pool_code`);
  expect(kept).toHaveLength(codes.length);
  for (const { code, key } of kept) expect(key).toBe(codeKey(code));
  const twin = sql`
    INSERT INTO pool_code (code, template, pool) VALUES ('l0l01-XO-0-_', 2, 2), ('L0L0L_xoO', 2, 2)
    ON CONFLICT DO NOTHING`;
  await db.write([twin]);
  expect(await db.first(sql`SELECT count(*) AS n FROM pool_code WHERE template = 2`)).toEqual({ n: 1 });
  await db.close();
});

test("rows of a file give codes of 8 to 64 plain signs; what else they hold is named", () => {
  const reasonOf = (cell: string) => {
    const row = readCodeRow(cell, 1);
    return row.kind === "fault" ? row.reason : row.kind;
  };
  expect(["SAVE-2026", " summer_2026x ", makeCode("A"), "a".repeat(64)].map(reasonOf)).toEqual(Array(4).fill("code"));
  expect(["", "  "].map(reasonOf)).toEqual(["blank", "blank"]);
  expect(["A-B-C-D-E", "SAVE-20"].map(reasonOf)).toEqual(["TOO_SHORT", "TOO_SHORT"]);
  expect(reasonOf("a".repeat(65))).toBe("TOO_LONG");
  for (const cell of ["=cmd()12345", "SAVE 2026 X", "SÄVE-2026", "-SAVE-2026", "SAVE*2026", "SAVE,2026"]) {
    expect(reasonOf(cell)).toBe("MALFORMED");
  }
});

test("I16 the hash of a code is the same however it is typed, and another one with another secret", () => {
  const { settings } = testContext({} as never);
  const code = makeCode("SUMMER");
  const hash = codeHash({ settings }, code);
  expect(hash).toMatch(/^[\w-]{16}$/);
  expect(codeHash({ settings }, retyped(code, 7))).toBe(hash);
  expect(codeHash({ settings: { ...settings, slices: { coupon: { codeSecret: "other" } } } }, code)).not.toBe(hash);
});
