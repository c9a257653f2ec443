import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { Context } from "../../src/context.ts";
import { restore } from "../../src/distribution/neutral.ts";
import { takeReport } from "../../src/distribution/report.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, issued, told } from "../support/distributions.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { csvOfRows, reportOf, rowsOfFile, workbookOf } from "../support/reports.ts";

afterAll(closeLedgers);

const members = 9;
const header = ["externalId", "phone", "=note"];
type Row = readonly [externalId: string, phone: string, note: string];

const known = fc.integer({ min: 1, max: members });
const byId = known.map((i): readonly [string, string] => [`x${i}`, ""]);
const byPhone = known.map((i): readonly [string, string] => ["", `+4915${10_000_000 + i}`]);
const faulty = fc.constantFrom<readonly [string, string]>(
  ["nobody", ""],
  ["=1+1", ""],
  ["", "12"],
  ["1.38E+10", ""],
  ["x1", "12"],
  ["", ""],
);
const note = fc.oneof(
  fc.constantFrom("=1", "'=1", "+", "a;-b\n@c", "\t", " lead", "'", "0049", "会员", '"', "_x0041_"),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);
const row = fc
  .tuple(fc.oneof(byId, byPhone, faulty), note)
  .map(([[id, phone], text]): Row => [id, phone, text.trim() || "n"]);
const plan = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 14 }),
  /** Whom rows of the report are corrected to name; 0: they stay. */
  corrections: fc.array(fc.oneof(fc.constant(0), known), { minLength: 14, maxLength: 14 }),
  perMember: fc.integer({ min: 1, max: 3 }),
  form: fc.constantFrom("csv" as const, "xlsx" as const),
});

/** What a chain must do, said without it: how many of a file's rows are given one, and which fail. */
function chainModel() {
  const have = new Set<string>();
  return (rows: readonly Row[]) => {
    const seen = new Set<string>();
    const failed = rows.filter((each) => {
      const who = memberOf(each);
      const fails = who === undefined || seen.has(who);
      if (who !== undefined) seen.add(who);
      return fails;
    });
    const before = have.size;
    for (const who of seen) have.add(who);
    return { given: have.size - before, failed };
  };
}

function memberOf([id, phone]: Row): string | undefined {
  if (phone === "12") return undefined;
  if (/^x\d+$/.test(id)) return id;
  return phone === "" ? undefined : `x${Number(phone.slice(5)) - 10_000_000}`;
}

/** The report's file with its rows, and the operator's own cells in them; no rows where there is none. */
async function taken(ctx: Context, id: number, form: "csv" | "xlsx") {
  if ("code" in (await takeReport(ctx, { id }))) return { rows: [], own: [] };
  const file = form === "csv" ? await reportOf(ctx, id) : await workbookOf(ctx, id);
  const [first = [], ...rows] = await rowsOfFile(file);
  expect([first.length, first.slice(0, 3).map(restore)]).toEqual([header.length + 4, header]);
  return { file, rows: [first, ...rows], own: rows.map((cells) => cells.slice(0, 3).map(restore)) };
}

test("a corrected report, sent again, gives only what is missing, and its own holds what still fails", async () => {
  const { ctx, members: add } = await openLedger();
  await add(members);
  const run = async ({ rows, corrections, perMember, form }: typeof plan extends fc.Arbitrary<infer P> ? P : never) => {
    const template = (await addTemplate(ctx, { issueMode: "SYSTEM", perMember })).id;
    const expected = chainModel();
    const send = async (file: string | Uint8Array<ArrayBuffer>, own: readonly Row[], follows?: number) => {
      const { id } = await checked(ctx, file, { template, ...(follows ? { follows } : {}) });
      const done = await issued(ctx, id);
      const { given, failed } = expected(own);
      expect([done.state, done.rows, told(done, "ended").ISSUED ?? 0]).toEqual(["COMPLETED", own.length, given]);
      const report = await taken(ctx, id, form);
      expect(report.own as unknown).toEqual(failed);
      return { id, ...report };
    };
    const whole = csvOfRows([header, ...rows]);
    const first = await send(whole, rows);
    let last = first.id;
    if (first.file) {
      const right = (cells: readonly string[], i: number) =>
        corrections[i] ? [`x${corrections[i]}`, "", ...cells.slice(2)] : cells;
      const [top = [], ...failed] = first.rows;
      const own = first.own.map((cells, i) => right(cells, i) as unknown as Row);
      const untouched = corrections.every((one) => one === 0);
      const second = await send(untouched ? first.file : csvOfRows([top, ...failed.map(right)]), own, first.id);
      last = second.id;
    }
    // All of it once more.
    await send(whole, rows, last);
    const twice = await ctx.db.all(sql`
      SELECT member FROM coupon WHERE template = ${template} GROUP BY member HAVING count(*) > 1`);
    expect(twice).toEqual([]);
  };
  await fc.assert(fc.asyncProperty(plan, run), { numRuns: counted(6, 500) });
});
