import { describe, expect, test } from "bun:test";
import { tableWords } from "../../support/rows.ts";
import { frame, sheetBegins, sheetEnds, workbookOf } from "../../support/workbook.ts";
import { type ZipEntry, type ZipForm, zipOf } from "../../support/zip.ts";

const sheet = "xl/worksheets/sheet1.xml";
const row = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>';
const rowsOf = (rows: string, form?: ZipForm) => tableWords(new Blob([workbookOf({ rows }, form)]));
const partOf = (name: string, text: string) =>
  tableWords(new Blob([workbookOf({ rows: row, parts: { [name]: text } })]));
const lying = (lie: Partial<ZipEntry>): ZipForm => ({ lie: ({ name }) => (name === sheet ? lie : {}) });

describe("a hostile file is refused with a reason and a place:", () => {
  const ole = (name: string) => {
    const file = Buffer.alloc(4_096);
    file.set([0xd0, 0xcf, 0x11, 0xe0]);
    file.writeUInt32LE(1, 48);
    file.write(name, 1_024, "utf16le");
    return file;
  };
  test.each([
    ["an old workbook", ole("Workbook"), "is an old Excel workbook (.xls): save it as .xlsx or CSV"],
    ["an encrypted one", ole("EncryptedPackage"), "is encrypted: save it without a password"],
    ["a PDF", Buffer.from("%PDF-1.7\n"), "is a PDF: save the table as .xlsx or CSV"],
    ["an archive in an archive", zipOf({ "a.xlsx": workbookOf({ rows: row }) }), "is a ZIP archive, but no workbook"],
    ["a text document", zipOf({ mimetype: "x", "content.xml": "<a/>" }), "is an OpenDocument file (.ods)"],
    ["a binary workbook", zipOf({ "xl/workbook.bin": "x" }), "is a binary Excel workbook (.xlsb)"],
    ["an archive that is cut", workbookOf({ rows: row }).subarray(0, -40), "is an archive without its end"],
    [
      "one without sheets",
      workbookOf({ parts: { "xl/workbook.xml": "<workbook/>" } }),
      "is a workbook without a sheet",
    ],
  ] as const)("%s", async (_, bytes, reason) => {
    expect((await tableWords(new Blob([bytes])))[0]).toStartWith(`1:1: the file ${reason}`);
  });

  test("what unfolds into too much, or into other than its directory says", async () => {
    const bomb = `${sheetBegins}${" ".repeat(17_000_000)}${sheetEnds}`;
    expect(await partOf(sheet, bomb)).toEqual([
      expect.stringMatching(/^1: damaged: the file unfolds into too much: xl\/worksheets\/sheet1.xml has \d+ bytes/),
    ]);
    for (const lie of [{ size: 100 }, { size: 5_000 }, { crc: 7 }])
      expect((await rowsOf(row, lying(lie))).at(-1)).toMatch(/^1:1? ?damaged: the file is damaged: what is in/);
    expect((await rowsOf(row, lying({ packed: 2 ** 30 }))).at(-1)).toContain("file data overflows file bounds");
    expect((await rowsOf(row, lying({ packed: 60 }))).at(-1)).toContain("is damaged");
    expect((await rowsOf(row, lying({ flags: 1 }))).at(-1)).toContain("is encrypted: save it without a password");
  });

  test("entities, a DOCTYPE, what is not closed, what is no UTF-8", async () => {
    const strings = "xl/sharedStrings.xml";
    const bomb = '<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>';
    expect(await partOf(strings, bomb)).toEqual(["1:1: the file has a DOCTYPE, which no workbook has"]);
    expect(await partOf(strings, "<sst><si><t>&b;</t></si></sst>")).toEqual([
      "1:1: the file has an entity that no workbook has",
    ]);
    expect(await partOf(strings, "<sst><si>")).toEqual(["1:1: the file is damaged: its XML has no end"]);
    expect(await partOf(strings, `<sst ${"a".repeat(70_000)}`)).toEqual(["1:1: the file is damaged: a tag has no end"]);
    expect(await partOf(strings, "<a>".repeat(80))).toEqual([
      "1:1: the file is damaged: its elements lie too deep in one another",
    ]);
    const cut = Buffer.concat([Buffer.from("<sst><si><t>"), Buffer.from([0xff, 0xfe])]).toString("latin1");
    expect(frame["xl/styles.xml"]).toBeString();
    expect(await tableWords(new Blob([workbookOf({ parts: { [strings]: Buffer.from(cut, "latin1") } })]))).toEqual([
      "1:1: the file is damaged: xl/sharedStrings.xml is not UTF-8",
    ]);
  });

  test("a part at no address", async () => {
    const listed = '<Relationships><Relationship Id="rId1" Type="/officeDocument" Target="http://["/></Relationships>';
    for (const part of ["_rels/.rels", "xl/_rels/workbook.xml.rels"])
      expect(await partOf(part, listed)).toEqual([`1:1: the file is damaged: ${part} names a part by no address`]);
  });

  test("cells far out, rows out of order, a row that has no end of cells: each at its place", async () => {
    const far = '<row r="1048576"><c r="XFD1048576" t="b"><v>1</v></c></row>';
    expect(await rowsOf(`${row}${far}`)).toEqual(["1 id", "1048576:16384 has more than 1,000 cells"]);
    expect(await rowsOf(`${row}<row r="1048577"/>`)).toEqual([
      "1 id",
      "1: damaged: the file is damaged: after row 1 comes row 1048577".replace("1:", "1:1"),
    ]);
    expect((await rowsOf(`${row}${row}`)).at(-1)).toContain("after row 1 comes row 1");
    expect((await rowsOf('<row r="3"><c r="B7"/></row>')).at(-1)).toContain("row 3 has a cell that is not in it");
    expect((await rowsOf(`${row}<row>${"<c/>".repeat(20_000)}</row>`)).at(-1)).toBe(
      "2:16385 damaged: the file is damaged: a row has more cells than a sheet has columns",
    );
    expect((await rowsOf(`${row}<row><c><v>1</v>`)).at(-1)).toStartWith("2:1 damaged: the file is damaged");
  });

  test("one text of a million characters: a fault of its row, until the cells refer to it too often", async () => {
    const rows = `<row><c t="s"><v>0</v></c></row>${'<row><c t="s"><v>1</v></c></row>'.repeat(1_000)}`;
    const words = await tableWords(new Blob([workbookOf({ rows, strings: ["id", "x".repeat(1_000_000)] })]));
    expect(words.slice(1, 3).map((each) => each.slice(2))).toEqual(Array(2).fill("1 has more than 32,767 characters"));
    expect(words.at(-1)).toBe("270:1 damaged: the file unfolds into too much: its cells refer to long texts too often");
  });
});
