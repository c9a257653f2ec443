import { afterAll, test } from "bun:test";
import { expectOutcomes, twentyMembers } from "../support/bad-rows.ts";
import { checked } from "../support/distributions.ts";
import { closeLedgers } from "../support/light.ts";
import { escaped, workbookOf } from "../support/workbook.ts";

afterAll(closeLedgers);

const text = (said: string) => ` t="inlineStr"><is><t xml:space="preserve">${escaped(said)}</t></is></c>`;
const number = (value: string, style = 0) => ` s="${style}"><v>${value}</v></c>`;
const long = "long ".repeat(209_715);

/** A row: its cells by their columns, and what must be said of it. */
type Row = readonly [
  cells: Readonly<Record<string, string>>,
  said: string,
  column?: number | undefined,
  words?: string | RegExp,
];

/** Formats of the styles 1, 2, …. */
const formats = ["0.00E+00", "yyyy-mm-dd", "00000"];

/** Every kind of row that a workbook has; those that a CSV has, too, stand first. */
const kinds: readonly Row[] = [
  [{ A: text("x2"), D: text("plain") }, "ISSUED"],
  [{ A: text("x3"), D: text("a note\r\nof two lines") }, "ISSUED"],
  [{ A: text("nobody") }, "UNKNOWN_MEMBER", 1, "No member has this."],
  [{ A: text("x2") }, "DUPLICATE", undefined, "The member is in row 2 already."],
  [{ B: text("+49 15 10000002") }, "DUPLICATE", undefined, "The member is in row 2 already."],
  [{ A: text("x1") }, "ALREADY_HELD/LIMIT_REACHED"],
  [{ A: text("x20") }, "NOT_ELIGIBLE/FOR_OTHERS"],
  [{ A: text("x4"), B: text("12345") }, "INVALID/UNREADABLE", 2, /^The cell is no phone number/],
  [{ C: text("no address") }, "INVALID/UNREADABLE", 3, /^The cell /],
  [{ D: text("only a note") }, "INVALID/NOBODY_NAMED", 1, "No cell of the row names a member."],
  [{ A: "/>", B: text(" "), D: ' s="2"/>' }, "blank"],
  [{}, "blank"],
  [{ C: text("both@shop.test") }, "INVALID/SEVERAL_MEMBERS", 3, "Several members have this."],
  [{ A: text("x5"), D: text(long) }, "INVALID/UNREADABLE", 4, "The cell has more than 32,767 characters."],
  [{ A: text("x5"), D: text(`=${"x".repeat(32_766)}`) }, "INVALID/UNREADABLE", 4, /^The cell has .* once it is quoted/],
  [{ A: text("x5"), E: text("more") }, "INVALID/UNREADABLE", undefined, "The row has 5 cells, the header 4."],
  [{ A: text("=1+1") }, "UNKNOWN_MEMBER", 1],
  [{ A: text("1.38E+10") }, "INVALID/UNREADABLE", 1, /^The cell is a number that a spreadsheet has rounded/],
  // What only a workbook has.
  [{ A: ' t="str"><f>"x"&amp;2*2</f><v>x4</v></c>' }, "ISSUED"],
  [{ A: "><f>B1</f></c>" }, "INVALID/UNREADABLE", 1, /^The cell is a formula without its result/],
  [{ A: text("x5"), D: "><f>NOW()</f></c>" }, "INVALID/UNREADABLE", 4, /^The cell is a formula without its result/],
  [{ A: ' t="e"><v>#N/A</v></c>' }, "INVALID/UNREADABLE", 1, "The cell is an error of the spreadsheet: #N/A."],
  [{ A: ' t="b"><v>1</v></c>' }, "UNKNOWN_MEMBER", 1],
  [{ A: ' t="s"><v>7</v></c>' }, "INVALID/UNREADABLE", 1, "The cell refers to a text that the workbook does not have."],
  [{ A: ' t="odd"><v>7</v></c>' }, "INVALID/UNREADABLE", 1, "The cell is of a kind that no spreadsheet has."],
  [{ A: number("5") }, "UNKNOWN_MEMBER", 1],
  [{ A: number("45351", 2) }, "UNKNOWN_MEMBER", 1],
  [{ B: number("45351", 2) }, "INVALID/UNREADABLE", 2, /^The cell is no phone number/],
  [{ B: number("0.1") }, "INVALID/UNREADABLE", 2],
  [{ A: number("1.38E10", 1) }, "INVALID/UNREADABLE", 1, /^The cell is a number of which/],
  [{ A: number("1234567890123456789") }, "INVALID/UNREADABLE", 1, /^The cell is a number of which/],
  [{ A: number("so") }, "INVALID/UNREADABLE", 1],
  // Two causes: the first to be decided is true.
  [{ A: text("nobody"), B: number("12345") }, "INVALID/UNREADABLE", 2],
  [{ A: text("x20"), D: text("again") }, "DUPLICATE", undefined, "The member is in row 8 already."],
  [{ D: text("x6"), A: text("x6") }, "ISSUED"],
  [{ A: text("x7") }, "ISSUED"],
  [{ A: text("x8"), B: "/>" }, "OUT_OF_STOCK/SOLD_OUT", undefined, "There was none left."],
  [{ A: text("x8") }, "DUPLICATE", undefined, "The member is in row 38 already."],
];

test("every kind of bad row of a workbook ends with its true cause, row and column, also in its report", async () => {
  const { ctx, template } = await twentyMembers();
  const header = { A: text("externalId"), B: text("phone"), C: text("email"), D: text("note") };
  const rows = [header, ...kinds.map(([cells]) => cells)].map((cells, i) => {
    const written = Object.entries(cells).map(([column, cell]) => `<c r="${column}${i + 1}"${cell}`);
    return `<row r="${i + 1}">${written.join("")}</row>`;
  });
  const ready = await checked(ctx, workbookOf({ rows: rows.join(""), formats }), { template });
  await expectOutcomes(
    ctx,
    ready,
    kinds.map(([, ...told], i) => [i + 2, ...told] as const),
  );
});
