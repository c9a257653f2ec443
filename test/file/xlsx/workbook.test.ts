import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { isRefusal } from "../../../src/errors.ts";
import type { FileRow } from "../../../src/file/file.ts";
import { headed, openTable } from "../../../src/file/table.ts";
import { realWorld } from "../../../src/world.ts";
import { tableWords } from "../../support/rows.ts";
import { sharedRows, type WorkbookParts, workbookOf } from "../../support/workbook.ts";
import type { ZipForm } from "../../support/zip.ts";

const options = { timers: realWorld.timers, width: "first", salt: "" } as const;

const opened = (bytes: Uint8Array<ArrayBuffer>) => openTable({ name: "members", content: new Blob([bytes]) }, options);

async function rowsIn(bytes: Uint8Array<ArrayBuffer>): Promise<readonly FileRow[]> {
  const table = await opened(bytes);
  if (isRefusal(table)) throw new Error(table.message);
  const read: FileRow[] = [];
  for await (const { rows } of table.rows) read.push(...rows);
  return read;
}

const wordsIn = (parts: WorkbookParts, form?: ZipForm) => tableWords(new Blob([workbookOf(parts, form)]));
const inline = (said: string, at = "") => `<c${at} t="inlineStr"><is><t>${said}</t></is></c>`;

describe("a workbook", () => {
  test("is read to the rows that its CSV is read to", async () => {
    const table = [
      ["id", "name", "città"],
      ["1", "Kim & <Lee>", "上海"],
      ["2", " Mo ", ""],
      ["3", 'a "b"', "🦊 x"],
    ];
    const csv = table.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join("\n");
    const cells = (rows: readonly FileRow[]) => rows.map((read) => ["cells" in read && read.cells, read.row]);
    const expected = cells(await rowsIn(Buffer.from(csv)));
    for (const form of [{}, { stored: true }, { descriptors: true }, { is64: true }])
      expect(cells(await rowsIn(workbookOf(sharedRows(table), form)))).toEqual(expected);
  });

  test("keeps the numbers of its rows, whatever is blank, and the places of its cells, in whatever order", async () => {
    const rows = [
      `<row r="2">${inline("name", ' r="B2"')}${inline("id", ' r="A2"')}</row><row/>`,
      `<row r="5"><c r="A5" s="0"/><c r="XFD5" s="1"/></row>`,
      `<row r="7">${inline("1")}${inline("Kim")}</row><row>${inline("Mo", ' r="B8"')}</row>`,
    ];
    expect(await wordsIn({ rows: rows.join("") })).toEqual(["2 id | name", "7 1 | Kim", "8  | Mo"]);
  });

  test("has rows, cells and texts where they belong: what is called so elsewhere is none", async () => {
    const astray = `<x:row r="9"><c r="A9"><v>7</v></c></x:row><c t="inlineStr"><is><t>astray</t></is><v>8</v></c>`;
    const rows = `<row>${inline("id")}<c t="str"><v/></c><c t="s"><v>0</v></c></row>`;
    const sheet = `${astray}<sheetData>${rows}</sheetData>${astray}`;
    const parts = {
      "xl/worksheets/sheet1.xml": `<worksheet xmlns:x="x">${sheet}</worksheet>`,
      "xl/sharedStrings.xml": "<sst><ext><t>astray</t></ext><si><r><t>name</t></r></si></sst>",
    };
    expect(await wordsIn({ parts })).toEqual(["1 id |  | name"]);
  });

  test("says texts as they are meant: rich ones whole, without how they sound, escaped signs as such", async () => {
    const strings = [
      "<si><r><t>Ki</t></r><r><rPr><b/></rPr><t>m &amp; &#x4E0A;</t></r><rPh sb='0'><t>kimu</t></rPh></si>",
      "<si><t>a_x000D_b_x0041_</t></si><si><t/></si><si/>",
    ];
    const parts = { "xl/sharedStrings.xml": `<sst xmlns:a="b">${strings.join("")}</sst>` };
    const cells = [0, 1, 2, 3].map((n) => `<c t="s"><v>${n}</v></c>`).join("");
    const rows = `<row>${cells}${inline("<![CDATA[<x>]]>")}<c t="str"><f>A1</f><v>so</v></c></row>`;
    expect(await wordsIn({ rows, parts })).toEqual(["1 Kim & 上 | a\rbA |  |  | <x> | so"]);
  });

  test("says numbers with all digits, days as ISO writes them, and refuses what it would have to guess", async () => {
    const formats = ["yyyy-mm-dd", "[$-409]d/m/yy h:mm", '0.00"E+"', "0.00E+00", "00000", "#,##0.00;[Red]-0", "h:mm"];
    const cell = (value: string, style = 0) => `<c s="${style}"><v>${value}</v></c>`;
    const said = (cells: string[]) => wordsIn({ formats, rows: cells.map((each) => `<row>${each}</row>`).join("") });
    expect(
      await said([
        cell("13800138000"),
        cell("1.38E10"),
        cell("0.1"),
        cell("59", 1),
        cell("61", 1),
        cell("45351.75", 1),
        cell("45351.75", 2),
        cell("12.5", 3),
        cell("42", 5),
        cell("-3", 6),
        cell("0.5", 7),
      ]),
    ).toEqual([
      "1 13800138000",
      "2 13800000000",
      "3 0.1",
      "4 1900-02-28",
      "5 1900-03-01",
      "6 2024-02-29",
      "7 2024-02-29T18:00:00",
      "8 12.5",
      "9 00042",
      "10 -3",
      "11 12:00:00",
    ]);
    const refused = await said([
      cell("13800000000", 4),
      cell("1234567890123456"),
      cell("60", 1),
      cell("1e-9"),
      cell("abc"),
      '<c t="e"><v>#N/A</v></c>',
      "<c><f>A1</f></c>",
      '<c t="s"><v>7</v></c>',
    ]);
    const digits = "is a number of which a spreadsheet does not keep or show all digits";
    expect(refused.map((each) => each.split(":", 2).join(":"))).toEqual([
      `1:1 ${digits}`,
      `2:1 ${digits}`,
      "3:1 is a day that no calendar has",
      `4:1 ${digits}`,
      "5:1 is no number",
      "6:1 is an error of the spreadsheet",
      "7:1 is a formula without its result",
      "8:1 refers to a text that the workbook does not have",
    ]);
  });

  test("of many texts finds each, in whatever order cells refer to them, and leaves no file behind", async () => {
    const count = 3_000;
    const strings = Array.from({ length: count }, (_, n) => `${n} ${"ü".repeat(n % 50)}`);
    const rows = strings.map((_, n) => `<row><c t="s"><v>${(n * 1_237) % count}</v></c></row>`).join("");
    const before = readdirSync("/proc/self/fd").length;
    const expected = strings.map((_, n) => `${n + 1} ${strings[(n * 1_237) % count]?.trim()}`);
    expect((await wordsIn({ rows, strings })).map((each) => each.trim())).toEqual(expected);
    const table = await opened(workbookOf({ rows, strings }));
    if (isRefusal(table)) throw new Error(table.message);
    expect(readdirSync("/proc/self/fd").length).toBe(before + 1);
    const { rows: following } = await headed(table.rows);
    await following.return(undefined);
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  test("has the digest of its bytes and of how it is read, and keeps to its own encoding", async () => {
    const bytes = workbookOf(sharedRows([["id"], ["1"]]));
    const digest = async (salt: string, encoding?: string) => {
      const table = await openTable({ name: "m", content: new Blob([bytes]) }, { ...options, salt, encoding });
      if (isRefusal(table)) return table.message;
      await table.rows.return(undefined);
      return `${table.kind} ${table.encoding} ${table.digest}`;
    };
    const expected = new Bun.CryptoHasher("sha256").update("a\n").update(bytes).digest("hex");
    expect(await digest("a\n", "gb18030")).toBe(`xlsx utf-8 ${expected}`);
    expect(await digest("b\n")).not.toBe(await digest("a\n"));
  });
});
