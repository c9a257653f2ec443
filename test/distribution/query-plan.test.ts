import { afterAll, expect, test } from "bun:test";
import { compile, type Query } from "../../src/db/statement.ts";
import { firstFaults, leftOutRows } from "../../src/distribution/left-out.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { overheard } from "../support/overheard.ts";

afterAll(closeLedgers);

test("rows that are left out are read a page at a time, by outcome, too, and none is passed over", async () => {
  const ledger = await openLedger();
  const asked: Query[] = [];
  const ctx = overheard(ledger.ctx, asked);
  await leftOutRows(ctx, { distribution: 1, after: 7, limit: 3 });
  await leftOutRows(ctx, { distribution: 1, outcome: "DUPLICATE", after: 7, limit: 3 });
  await firstFaults(ctx, 1, 3);
  const plans: string[] = [];
  for (const query of asked) {
    const { sql, args } = compile(query);
    const steps = await ledger.ctx.db.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
    plans.push(steps.map(({ detail }) => detail).join("; "));
  }
  const byOutcome =
    "SEARCH distribution_left_out USING INDEX distribution_left_out_outcome (distribution=? AND outcome=? AND row>?)";
  expect(plans).toEqual([
    "SEARCH distribution_left_out USING PRIMARY KEY (distribution=? AND row>?)",
    byOutcome,
    byOutcome,
    byOutcome,
  ]);
});
