import { describe, expect, test } from "bun:test";
import { isRefusal } from "../../../src/errors.ts";
import type { FileRow } from "../../../src/file/file.ts";
import { openTable } from "../../../src/file/table.ts";
import { realWorld } from "../../../src/world.ts";
import { inWords } from "../../support/rows.ts";
import { sharedRows, type WorkbookParts, workbookOf } from "../../support/workbook.ts";
import type { ZipForm } from "../../support/zip.ts";

const options = { timers: realWorld.timers, width: "first", salt: "" } as const;

async function rowsIn(bytes: Uint8Array<ArrayBuffer>): Promise<readonly FileRow[]> {
  const table = await openTable({ name: "members", content: new Blob([bytes]) }, options);
  if (isRefusal(table)) throw new Error(table.message);
  const read: FileRow[] = [];
  for await (const { rows, end } of table.rows) {
    read.push(...rows);
    if (end) read.push({ row: end.row, length: 0, fault: end });
  }
  return read;
}

async function wordsIn(parts: WorkbookParts, form?: ZipForm): Promise<string[]> {
  return (await rowsIn(workbookOf(parts, form))).map(inWords);
}

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
    const text = (at: string, said: string) => `<c${at}><is><t>${said}</t></is></c>`.replace("<c", '<c t="inlineStr"');
    const rows = [
      `<row r="2">${text(' r="B2"', "name")}${text(' r="A2"', "id")}</row><row/>`,
      `<row r="5"><c r="A5" s="0"/><c r="XFD5" s="1"/></row>`,
      `<row r="7">${text("", "1")}${text("", "Kim")}</row><row>${text(' r="B8"', "Mo")}</row>`,
    ];
    expect(await wordsIn({ rows: rows.join("") })).toEqual(["2 id | name", "7 1 | Kim", "8  | Mo"]);
  });
});
