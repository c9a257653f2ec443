import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { cancelDistribution, startDistribution } from "../../src/distribution/control.ts";
import { takeReport } from "../../src/distribution/report.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { isRefusal } from "../../src/errors.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, fileOf, issued, issueOpen, read, rowsOf, told } from "../support/distributions.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { csvOfRows, reportOf, rowsOfCsv, workbookOf } from "../support/reports.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const ours = ["Fanfare: outcome", "Fanfare: row and column", "Fanfare: cause", "Fanfare: what to do"];

async function opened(facts: Parameters<typeof addTemplate>[1] = {}) {
  const ledger = await openLedger();
  await ledger.members(20);
  const template = (await addTemplate(ledger.ctx, { issueMode: "SYSTEM", ...facts })).id;
  return { ...ledger, template };
}

const rows = [
  ["phone", "Name; as typed", "=note"],
  ["+491510000001", "Ann", ""],
  ["+491519999999", '=cmd|" /C calc"!A0', "007\n- of those"],
  ["+491510000001", "Ann, again", "'quoted'"],
  ["nonsense", "会员", "a;=1"],
];

test("a report has the failed rows as they were, with outcome, place, cause and what to do; CSV and XLSX", async () => {
  const { ctx, template } = await opened();
  const { id } = await checked(ctx, csvOfRows(rows), { template });
  await issued(ctx, id);
  const [header, ...failed] = rowsOfCsv(await reportOf(ctx, id));
  expect(header).toEqual(["phone", "Name; as typed", "'=note", ...ours]);
  expect(failed.map((row) => row.slice(0, 6))).toEqual([
    [
      "'+491519999999",
      `'=cmd|" /C calc"!A0`,
      "007\n'- of those",
      "unknown member",
      "row 3, column A (phone)",
      "No member has this.",
    ],
    ["'+491510000001", "Ann, again", "'quoted'", "duplicate", "row 4", "The member is in row 2 already."],
    [
      "nonsense",
      "会员",
      "a;'=1",
      "invalid row",
      "row 5, column A (phone)",
      "The cell is no phone number: write it with its country, e.g. +49 151 12345678.",
    ],
  ]);
  expect(failed.every(([, , , , , , todo]) => todo)).toBe(true);
  const audited = await ctx.db.all<{ what: string }>(
    sql`SELECT what FROM audit WHERE subject = ${`distribution/${id}`}`,
  );
  expect(audited.filter(({ what }) => what === "took its report out")).toHaveLength(1);

  // Either file, sent again, is read to what the operator wrote.
  for (const file of [await reportOf(ctx, id, "zh"), await workbookOf(ctx, id)]) {
    const again = await checked(ctx, file, { template, follows: id });
    expect([again.state, again.header as string[] | null, again.rows]).toEqual(["READY", rows[0] as string[], 3]);
    const kept = await ctx.db.all<{ cells: string }>(sql`
      SELECT cells FROM distribution_left_out WHERE distribution = ${again.id} ORDER BY row`);
    expect(kept.map(({ cells }) => JSON.parse(cells))).toEqual(rows.slice(2));
    accepted(await cancelDistribution(ctx, { id: again.id }));
  }
});

test("a report from which somebody took our columns names the members that it named", async () => {
  const { ctx, template, members } = await opened();
  const { id } = await checked(ctx, "phone,note\n+491510000001,\n+491510000021,'=1\n", { template });
  await issued(ctx, id);
  const [, failed = []] = rowsOfCsv(await reportOf(ctx, id));
  expect(failed.slice(0, 4)).toEqual(["'+491510000021", "''=1", "unknown member", "row 3, column A (phone)"]);
  await members(1);
  const again = await checked(ctx, csvOfRows([["phone", "note"], failed.slice(0, 2)]), { template, follows: id });
  expect(told(await issued(ctx, again.id), "ended")).toEqual({ ISSUED: 1 });
});

test("however often a report went without our columns, and with them between, it names the same members", async () => {
  const { ctx, template, members } = await opened();
  let { id } = await checked(ctx, "phone\n+491510000021\n", { template });
  for (const width of [1, 1, undefined, 1]) {
    await issued(ctx, id);
    const rows = rowsOfCsv(await reportOf(ctx, id)).map((cells) => cells.slice(0, width));
    id = (await checked(ctx, csvOfRows(rows), { template, follows: id })).id;
    expect(await rowsOf(ctx, id)).toMatchObject([{ row: 2, outcome: "UNKNOWN_MEMBER", column: 1 }]);
  }
  await members(1);
  expect(told(await issued(ctx, id), "ended")).toEqual({ ISSUED: 1 });
});

test("there is no report where nothing failed, while rows are issued, and of a file that was not read", async () => {
  const { ctx, template } = await opened();
  const code = async (id: number) => {
    const answer = await takeReport(ctx, { id });
    return isRefusal(answer) ? answer.code : "taken";
  };
  const whole = await checked(ctx, "externalId\nx1\nx2\n", { template });
  expect([await code(whole.id), await code(99)]).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  await issued(ctx, whole.id);
  expect(await code(whole.id)).toBe("NOT_FOUND");
  const broken = await checked(ctx, "name\nAnn\n", { template });
  expect([broken.state, await code(broken.id)]).toEqual(["FAILED", "WRONG_STATE"]);
  const open = accepted(await uploadDistribution(ctx, fileOf("externalId\nx9999\n"), { template })).id;
  expect(await code(open)).toBe("WRONG_STATE");
  await read(ctx, open);
  expect(await code(open)).toBe("taken");
  expect(rowsOfCsv(await reportOf(ctx, open))[0]).toEqual([
    "externalId",
    "Fanfare: predicted outcome",
    ...ours.slice(1),
  ]);
  await ctx.db.write([sql`UPDATE distribution SET state = 'PAUSED' WHERE id = ${open}`]);
  expect(await code(open)).toBe("WRONG_STATE");
});

test("a cancelled one reports the rows that it did not reach, and a follow-up gives them theirs", async () => {
  const { ctx, template } = await opened();
  const { id } = await checked(ctx, "externalId\nx1\nnobody\nx2\n", { template });
  accepted(await cancelDistribution(ctx, { id }));
  const report = await reportOf(ctx, id);
  expect(
    rowsOfCsv(report)
      .slice(1)
      .map(([name, outcome]) => [name, outcome]),
  ).toEqual([
    ["x1", "not issued"],
    ["nobody", "unknown member"],
    ["x2", "not issued"],
  ]);
  const follow = await checked(ctx, report, { template, follows: id });
  expect(told(await issued(ctx, follow.id), "ended")).toEqual({ ISSUED: 2, UNKNOWN_MEMBER: 1 });
});

test("rows of a block that was cut are reported once, and no half keeps whom erasing took out", async () => {
  const { ctx, template } = await opened();
  const { id } = await checked(ctx, "externalId\nx1\nx2\nx3\nx4\nx5\nx6\nx7\nx8\n", { template });
  accepted(await startDistribution(ctx, { id }));
  // The last row is refused, and once the first part is issued somebody pauses it.
  await ctx.db.write([
    sql.raw(`CREATE TRIGGER refused BEFORE INSERT ON coupon WHEN NEW.member = 8
      BEGIN SELECT RAISE(ABORT, 'planted'); END`),
    sql.raw(`CREATE TRIGGER paused AFTER UPDATE ON distribution_block WHEN NEW.state = 'DONE'
      BEGIN UPDATE distribution SET state = 'PAUSED' WHERE id = ${id}; END`),
  ]);
  await issueOpen(ctx, id);
  const blocks = await ctx.db.all<{ state: string; from: number; to: number; cells: string | null }>(sql`
    SELECT state, from_row AS "from", to_row AS "to", cells FROM distribution_block ORDER BY to_row`);
  expect(blocks.length).toBeGreaterThan(1);
  expect(blocks[0]).toMatchObject({ state: "DONE", cells: null });
  for (const { from, to, cells } of blocks.slice(1)) {
    const kept = Object.keys(JSON.parse(cells ?? "{}")).map(Number);
    expect(kept).toEqual(Array.from({ length: to - from }, (_, i) => from + 1 + i));
  }
  const done = blocks[0]?.to ?? 0;
  accepted(await eraseMember(ctx, { externalId: "x7" }));
  expect(await ctx.db.all(sql`SELECT 1 FROM distribution_block WHERE cells LIKE '%x7%'`)).toEqual([]);
  accepted(await cancelDistribution(ctx, { id }));
  const reported = rowsOfCsv(await reportOf(ctx, id)).slice(1);
  const left = ["x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8"].slice(done - 1).filter((name) => name !== "x7");
  expect(reported.map(([name, outcome]) => [name, outcome])).toEqual(left.map((name) => [name, "not issued"]));
});

test("a follow-up waits until all before it have ended, and its headings mean what they meant", async () => {
  const { ctx, template } = await opened({ perMember: 5 });
  const first = await checked(ctx, "Kunde\nx1\nnobody\n", { template, names: { Kunde: "externalId" } });
  const follow = () => uploadDistribution(ctx, fileOf("Kunde\nx1\nx2\n"), { template, follows: first.id });
  expect(await follow()).toMatchObject({ code: "WRONG_STATE", currentState: "READY" });
  await issued(ctx, first.id);
  const [one, other] = await Promise.all([follow(), follow()]);
  expect([one, other].map(isRefusal).toSorted()).toEqual([false, true]);
  const taken = isRefusal(one) ? accepted(other) : one;
  await read(ctx, taken.id);
  expect(told(await issued(ctx, taken.id), "ended")).toEqual({ ISSUED: 1, ALREADY_HELD: 1 });
  expect(await rowsOf(ctx, taken.id)).toMatchObject([{ row: 2, cause: "ISSUED_BEFORE" }, { row: 3 }]);
  expect(await takeReport(ctx, { id: taken.id })).toMatchObject({ code: "NOT_FOUND" });
});
