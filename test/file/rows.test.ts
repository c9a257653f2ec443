import { describe, expect, test } from "bun:test";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { counted } from "../support/length.ts";
import { rowsIn, wordsOf } from "../support/rows.ts";

const cell = fc.array(fc.constantFrom("a", "é", " ", ",", ";", '"', "\n", "\r", "\r\n", "|"), { maxLength: 5 });
const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
/** Files as programs write them: quotes where they are needed, and sometimes where they are not. */
const sound = fc
  .array(fc.tuple(fc.array(fc.tuple(cell, fc.boolean()), { minLength: 1, maxLength: 4 }), lineEnd), { maxLength: 6 })
  .map((rows) =>
    rows
      .map(([cells, end]) => cells.map(([signs, always]) => written(signs.join(""), always)).join(",") + end)
      .join(""),
  );
/** Files that nobody meant. */
const wild = fc
  .array(fc.constantFrom("a", "b", ",", ",", '"', '""', "\n", "\r", "\r\n", "12345678"), { maxLength: 40 })
  .map((signs) => signs.join(""));

function written(text: string, always: boolean): string {
  return always || /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

describe("rows", () => {
  test("end with LF, CRLF or CR, also where the lines of one file end differently", async () => {
    const rows = await wordsOf('id,name\n4711,Kim\r\n4712,"Lee\r\nLi"\r4713,Mo\n\r4714,No');
    expect(rows).toEqual(["1 id | name", "2 4711 | Kim", "3 4712 | Lee\r\nLi", "4 4713 | Mo", "6 4714 | No"]);
  });

  test("that are blank, also by commas and blanks alone, are skipped, and counted as a spreadsheet does", async () => {
    expect(await wordsOf("\n ,\nid,name\n,\n \t, \n\na,b\n\u00A0,\uFEFF\n")).toEqual(["3 id | name", "7 a | b"]);
  });

  test("that programs write are read as csv-parse reads them, in pieces of whatever size", async () => {
    const property = fc.asyncProperty(sound, fc.integer({ min: 1, max: 9 }), async (text, size) => {
      const whole = `h,k\n${text}`;
      const expected = parse(whole, { relax_column_count: true, record_delimiter: ["\r\n", "\n", "\r"] });
      const read = await rowsIn(whole, { width: "any" }, size);
      expect(read.map((row) => "cells" in row && row.cells)).toEqual(
        expected.filter((cells: string[]) => cells.some((text) => text.trim() !== "")),
      );
    });
    await fc.assert(property, { numRuns: counted(60, 5_000) });
  });

  test("of any text are the same in pieces of whatever size, faults and bounds included", async () => {
    const tight = { columns: 3, cell: 7, row: 16, rows: 9 };
    const options = fc.record({ width: fc.constantFrom("first" as const, "any" as const) });
    const property = fc.asyncProperty(wild, options, fc.integer({ min: 1, max: 7 }), async (text, { width }, size) => {
      for (const bounds of [{}, { bounds: tight }]) {
        const whole = await wordsOf(text, { width, ...bounds });
        expect(await wordsOf(text, { width, ...bounds }, size)).toEqual(whole);
      }
    });
    await fc.assert(property, { numRuns: counted(60, 5_000) });
  });
});

describe("a stray quote", () => {
  test.each([
    ["inside a cell", '2,Jo"e', "3:2 has a quote inside a cell that is not quoted"],
    ["before a cell, never closed", '2,"Joe', "3:2 has text after a closing quote"],
    ["after a cell in quotes", '2,"Joe"l', "3:2 has text after a closing quote"],
  ])("%s makes its row a fault, and the others are read", async (_where, row, fault) => {
    const rows = await wordsOf(`id,name\n1,Kim\n${row}\n3,Mo\n4,"Lee, Li"\n5,"two\nlines"\n`);
    expect(rows).toEqual(["1 id | name", "2 1 | Kim", fault, "4 3 | Mo", "5 4 | Lee, Li", "6 5 | two\nlines"]);
  });

  test("with no other behind it is told at its own row, not at the end of the file", async () => {
    const rows = await wordsOf('id,name\n1,"Kim\n2,Mo\n3,Lee');
    expect(rows).toEqual(["1 id | name", "2:2 opens a quote that is never closed", "3 2 | Mo", "4 3 | Lee"]);
  });

  test("in each of two rows swallows none of those between them", async () => {
    const rows = await wordsOf('id,name,city\n1,"Kim,Graz\n2,Mo,Linz\n3,Lee,Wels\n4",Jo,Enns\n5,Al,Steyr\n');
    expect(rows).toEqual([
      "1 id | name | city",
      "2 has 4 cells, the header 3; is a quote never closed?",
      "3 2 | Mo | Linz",
      "4 3 | Lee | Wels",
      "5:1 has a quote inside a cell that is not quoted",
      "6 5 | Al | Steyr",
    ]);
  });
});

describe("what is beyond a bound is told, and not made", () => {
  const bounds = { columns: 3, cell: 5, row: 20, rows: 6 };
  test.each([
    ["cells", "1,2,3,4,5,6", "2:4 has more than 3 cells"],
    ["cells in quotes", '"1",2,3,4,5,6', "2:4 has more than 3 cells"],
    ["a cell", "1,123456,3", "2:2 has more than 5 characters"],
    ["a cell in quotes", '1,"12""456",3', "2:2 has more than 5 characters"],
    ["a row", "1,12345,12345,12345,12345", "2 is longer than 20 characters; is a quote never closed?"],
    ["a quote", `1,"${"12345\n".repeat(9)}`, "2:2 is longer than 20 characters; is a quote never closed?"],
  ])("%s", async (_what, row, fault) => {
    for (const size of [1, 7, 100]) {
      const [, told] = await wordsOf(`a,b,c\n${row}\n1,2,3`, { width: "first", bounds }, size);
      expect(told).toBe(fault);
    }
  });

  test("rows: what comes before is read, and the reader ends there", async () => {
    const rows = await wordsOf("a\n".repeat(50), { width: "first", bounds }, 3);
    expect(rows).toHaveLength(7);
    expect(rows.at(-1)).toBe("7 is more than the 6 rows that one file may have: cut it into several");
  });
});
