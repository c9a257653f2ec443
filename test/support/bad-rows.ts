import { expect } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import type { Distribution } from "../../src/distribution/distribution.ts";
import { addTemplate } from "./coupons.ts";
import { checked, issued, rowsOf, told } from "./distributions.ts";
import { openLedger } from "./light.ts";
import { reportOf, rowsOfCsv } from "./reports.ts";

/** 20 members, x1 to x20 of levels 1 to 20; two share an address, and one holds the coupon already. */
export async function twentyMembers() {
  const ledger = await openLedger();
  const { ctx } = ledger;
  await ledger.members(20, { level: "i" });
  const facts = { issueMode: "SYSTEM" as const, stock: 6, eligibility: { level: { lte: 15 } } };
  const template = (await addTemplate(ctx, facts)).id;
  await issued(ctx, (await checked(ctx, "externalId\nx1\n", { template })).id);
  await ctx.db.write([sql`UPDATE member SET email = 'both@shop.test' WHERE seq IN (10, 11)`]);
  return { ctx, template };
}

/** What must be said of a row: its number, outcome and cause, or `blank`; column, and the words of the report. */
export type Told = readonly [row: number, said: string, column?: number | undefined, words?: string | RegExp];

const header = ["externalId", "phone", "email", "note"];

/** Rows under such a header are told so when they are checked, when they are issued, and in the report. */
export async function expectOutcomes(ctx: Context, ready: Distribution, kinds: readonly Told[]): Promise<void> {
  const expected = kinds.flatMap(([row, said, column]) => {
    const [outcome = "", cause = null] = said.split("/");
    return outcome === "blank" ? [] : [{ row, outcome, cause, column: column ?? null }];
  });
  const found = async () =>
    (await rowsOf(ctx, ready.id)).map(({ row, outcome, cause, column }) => ({ row, outcome, cause, column }));
  expect((await found()) as unknown).toEqual(expected);
  const done = await issued(ctx, ready.id);
  expect((await found()) as unknown).toEqual(expected);
  expect([told(done, "ended"), done.rows]).toEqual([told(ready, "predicted"), expected.length]);

  const report = rowsOfCsv(await reportOf(ctx, ready.id)).slice(1);
  const failed = kinds.filter(([, said]) => !/^(ISSUED|blank)/.test(said));
  expect(report).toHaveLength(failed.length);
  for (const [i, [row, , column, words]] of failed.entries()) {
    const [, , , , , place = "", cause = ""] = report[i] ?? [];
    expect(place).toBe(`row ${row}${column ? `, column ${"ABCD"[column - 1]} (${header[column - 1]})` : ""}`);
    if (typeof words === "string") expect(cause).toBe(words);
    else if (words) expect(cause).toMatch(words);
  }
}
