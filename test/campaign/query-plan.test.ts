import { expect, test } from "bun:test";
import { batchLimit, openBatches } from "../../src/campaign/run/batch-window.ts";
import { completeRun } from "../../src/campaign/run/completion.ts";
import { compile } from "../../src/db/statement.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";

test("what stands at the end of each page and batch looks at unfinished work only, however much a run has done", async () => {
  const db = await openTestDatabase();
  const plain = testContext(db);
  const limits = { EMAIL: { batch: 100, parallelism: 1 } };
  const ctx = { ...plain, settings: { ...plain.settings, limits } };
  const plans: string[] = [];
  for (const query of [...completeRun(1, 0), ...openBatches(ctx, 1, "EMAIL", 2 * batchLimit(ctx, "EMAIL"))]) {
    const { sql, args } = compile(query);
    const rows = await db.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
    plans.push(...rows.map(({ detail }) => detail));
  }
  expect(plans.filter((detail) => /batch_unfinished|page_unwritten/.test(detail)).length).toBeGreaterThan(4);
  expect(plans.filter((detail) => /^SCAN (batch|page|send)\b|page USING (COVERING )?PRIMARY KEY/.test(detail))).toEqual(
    [],
  );
  await db.close();
});
