import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { expectOutcomes, twentyMembers } from "../support/bad-rows.ts";
import { checked, fileOf, read, rowsOf } from "../support/distributions.ts";
import { bytesIn } from "../support/encoded.ts";
import { closeLedgers } from "../support/light.ts";
import { accepted } from "../support/shop.ts";
import { sharedRows, sheetBegins, workbookOf } from "../support/workbook.ts";

afterAll(closeLedgers);

/** A row of the file, and what must be said of it: outcome and cause, column, words of the report. */
type Row = readonly [cells: string, said: string, column?: number | undefined, words?: string | RegExp];

/** Every kind of row, LF and CRLF in turns; the numbers of rows are counted along. */
const kinds: readonly Row[] = [
  ["x2,,,plain", "ISSUED"],
  ['"x3",,,"a note', "ISSUED"], // runs on over two lines: one row, as a spreadsheet counts
  ["nobody,,,", "UNKNOWN_MEMBER", 1, "No member has this."],
  ["x2,,,again", "DUPLICATE", undefined, "The member is in row 2 already."],
  [",+49 15 10000002,,by phone again", "DUPLICATE", undefined, "The member is in row 2 already."],
  ["x1,,,", "ALREADY_HELD/LIMIT_REACHED", undefined, "The member has as many of these coupons as one may have."],
  ["x20,,,", "NOT_ELIGIBLE/FOR_OTHERS", undefined, "The coupon is not for this member."],
  ["x4,12345,,", "INVALID/UNREADABLE", 2, /^The cell is no phone number/],
  [",,no address,", "INVALID/UNREADABLE", 3, /^The cell /],
  [",,,only a note", "INVALID/NOBODY_NAMED", 1, "No cell of the row names a member."],
  [",,,", "blank"],
  [",,both@shop.test,", "INVALID/SEVERAL_MEMBERS", 3, "Several members have this."],
  [`x5,,,${"long ".repeat(209_715)}`, "INVALID/UNREADABLE", 4, "The cell has more than 32,767 characters."],
  [`x5,,,"${"long ".repeat(209_715)}"`, "INVALID/UNREADABLE", 4, /^The cell is longer than 1,000,000 characters/],
  [`x5,,,${"-;".repeat(11_000)}`, "INVALID/UNREADABLE", 4, /^The cell has .* once it is quoted/],
  ['=HYPERLINK("x"),,,', "INVALID/UNREADABLE", 1, "The cell has a quote inside a cell that is not quoted."],
  ["=1+1,,,", "UNKNOWN_MEMBER", 1],
  [",=A1,,", "INVALID/UNREADABLE", 2, /^The cell is no phone number/],
  ["1.38E+10,,,", "INVALID/UNREADABLE", 1, /^The cell is a number that a spreadsheet has rounded/],
  [",1.38E+10,,", "INVALID/UNREADABLE", 2],
  ["true,,,", "UNKNOWN_MEMBER", 1],
  ["x6,,", "INVALID/UNREADABLE", undefined, "The row has 3 cells, the header 4."],
  ["x6,,,,", "INVALID/UNREADABLE", undefined, "The row has 5 cells, the header 4."],
  ["nul\0,,,", "INVALID/UNREADABLE", 1],
  // Two causes: the first to be decided is true.
  ["nobody,12345,,", "INVALID/UNREADABLE", 2],
  ["x20,,,again", "DUPLICATE", undefined, "The member is in row 8 already."],
  ["x1,,,again", "DUPLICATE", undefined, "The member is in row 7 already."],
  ["x6,,,", "ISSUED"],
  ["x7,,,", "ISSUED"],
  ["x8,,,", "ISSUED"],
  ["x9,,,", "OUT_OF_STOCK/SOLD_OUT", undefined, "There was none left."],
  ["x9,,,again", "DUPLICATE", undefined, "The member is in row 32 already."],
  ["x19,,,", "NOT_ELIGIBLE/FOR_OTHERS"],
];

function fileText(header: string): string {
  const lines = kinds.map(
    ([cells], i) => `${cells === '"x3",,,"a note' ? `${cells}\r\nof two lines"` : cells}${i % 2 ? "\r\n" : "\n"}`,
  );
  return `${header}\r\n${lines.join("")}`;
}

test("every kind of bad row ends with its true cause, row and column, and its report says so", async () => {
  const { ctx, template } = await twentyMembers();
  const ready = await checked(ctx, `\uFEFF${fileText("externalId,phone,email,note")}`, { template });
  await expectOutcomes(
    ctx,
    ready,
    kinds.map(([, ...told], i) => [i + 2, ...told] as const),
  );
});

test("headings in Chinese and GB18030 are read, and a file without a column that names members tells so", async () => {
  const { ctx, template } = await twentyMembers();
  const chinese = await checked(
    ctx,
    bytesIn("gb18030", "会员号,手机号,备注\nx2,,第一行备注\nnobody,,没有这个人\n,12,电话号码不对\n"),
    { template },
  );
  expect([chinese.state, chinese.encoding, chinese.header as unknown]).toEqual([
    "READY",
    "gb18030",
    ["会员号", "手机号", "备注"],
  ]);
  expect(await rowsOf(ctx, chinese.id)).toMatchObject([
    { row: 2, outcome: "ISSUED" },
    { row: 3, outcome: "UNKNOWN_MEMBER", column: 1 },
    { row: 4, outcome: "INVALID", cause: "UNREADABLE", column: 2 },
  ]);
  const missing = await checked(ctx, "\n\nname,note\nAnn,\n", { template });
  expect([missing.state, missing.fault as unknown]).toEqual([
    "FAILED",
    { row: 3, column: 1, message: "no column is publicId, externalId, phone, or email" },
  ]);
});

test("a file that breaks off where a block ends says so, also to who comes again, and a row further on", async () => {
  const { ctx, template } = await twentyMembers();
  for (const rows of [1_000, 1_001]) {
    const { rows: sheet, strings = [] } = sharedRows([["externalId"], ...Array.from({ length: rows }, () => ["x2"])]);
    const parts = { "xl/worksheets/sheet1.xml": `${sheetBegins}${sheet}` };
    const file = fileOf(await workbookOf({ strings, parts }), "cut.xlsx");
    const { id } = accepted(await uploadDistribution(ctx, file, { template }));
    // Another one of the same file: its pieces are kept for who comes again.
    accepted(await uploadDistribution(ctx, file, { template }));
    const failed = { state: "FAILED", rows, readTo: rows + 1, fault: { message: expect.stringContaining("XML") } };
    expect(await read(ctx, id)).toMatchObject(failed);
    await ctx.db.write([sql`UPDATE distribution SET state = 'VALIDATING', fault = NULL WHERE id = ${id}`]);
    expect(await read(ctx, id)).toMatchObject(failed);
  }
});
