import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { startDistribution } from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { eraseMember, exportMember } from "../../src/member/privacy.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, issued, issueOpen, rowsOf, told } from "../support/distributions.ts";
import { couponFaults } from "../support/issue.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const held = async (ctx: Parameters<typeof exportMember>[0], externalId: string) => {
  const { distributionRows, distributionRowsLeftOut } = accepted(await exportMember(ctx, { externalId }));
  return [distributionRows, distributionRowsLeftOut];
};

test("a member's export has her rows of files, and erasing her leaves nobody's in their place", async () => {
  const { ctx, members } = await openLedger();
  await members(6);
  await ctx.db.write([sql`UPDATE member SET phone = '+4915112345678' WHERE external_id IN ('x1', 'x6')`]);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const file = "externalId,phone,note\nx1,,hers\nx2,,\nx1,,again\nx7,,\n,+4915112345678,both\nx3,,\n";
  const before = await checked(ctx, "externalId,note\nx1,first\nx5,\n", { template });
  const { id } = await checked(ctx, file, { template });
  await issued(ctx, before.id);
  const facts = { file: "members.csv", outcome: "ISSUED" };
  expect(await held(ctx, "x1")).toEqual([
    [
      { ...facts, distribution: before.id, row: 2, ended: true, cells: null },
      { ...facts, distribution: id, row: 2, ended: false, cells: ["x1", "", "hers"] },
    ],
    [
      {
        ...{ distribution: id, file: "members.csv", row: 4, outcome: "DUPLICATE", cause: null, ended: false },
        cells: ["x1", "", "again"],
      },
      {
        ...{ distribution: id, file: "members.csv", row: 6, outcome: "INVALID", cause: "SEVERAL_MEMBERS" },
        ...{ ended: false, cells: ["", "+4915112345678", "both"] },
      },
    ],
  ]);
  accepted(await eraseMember(ctx, { externalId: "x1" }));
  // Whom nobody knew when the file was read, and who came and went since.
  await ctx.db.write([sql`UPDATE member SET external_id = 'x7' WHERE external_id = 'x4'`]);
  expect((await held(ctx, "x7"))[1]).toHaveLength(1);
  accepted(await eraseMember(ctx, { externalId: "x7" }));
  for (const table of ["distribution_left_out", "distribution_block"]) {
    const kept = await ctx.db.all(sql`
      SELECT 1 FROM ${sql.raw(table)} WHERE cells LIKE '%x1%' OR cells LIKE '%hers%' OR cells LIKE '%x7%'
        OR cells LIKE '%+49%'`);
    expect([table, kept]).toEqual([table, []]);
  }
  const named = await ctx.db.all(
    sql`SELECT 1 FROM distribution_left_out WHERE named IS NOT NULL OR member IS NOT NULL`,
  );
  expect(named).toEqual([]);
  accepted(await startDistribution(ctx, { id }));
  await issueOpen(ctx, id);
  const done = accepted(await findDistribution(ctx, id));
  expect([done.state, told(done, "ended")]).toEqual([
    "COMPLETED",
    { INVALID: 1, UNKNOWN_MEMBER: 2, DUPLICATE: 1, ISSUED: 2 },
  ]);
  expect((await rowsOf(ctx, id)).map(({ row, outcome }) => [row, outcome])).toEqual([
    [2, "UNKNOWN_MEMBER"],
    [3, "ISSUED"],
    [4, "DUPLICATE"],
    [5, "UNKNOWN_MEMBER"],
    [6, "INVALID"],
    [7, "ISSUED"],
  ]);
  // What she got stays in the ledger, with her number and the row's.
  expect((await rowsOf(ctx, before.id)).map(({ row, outcome }) => [row, outcome])).toEqual([
    [2, "ISSUED"],
    [3, "ISSUED"],
  ]);
  expect(await couponFaults(ctx.db)).toEqual([]);
});
