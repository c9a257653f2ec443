import { sql } from "drizzle-orm";
import type { Database } from "../../src/db/client.ts";

/** A template with a stock and a budget for all of `members`, so that both are asked at every page. Answers its id. */
export async function addIssueTemplate(db: Database, members: number): Promise<number> {
  const row = await db.first<{ id: number }>(sql`
    INSERT INTO coupon_template (name, kind, params, currency, issue_mode, stock, budget, max_discount, valid_days,
      state, created_by, created_at, updated_at)
    VALUES ('Ten off', 'INSTANT', '{"off":1000}', 'EUR', 'SYSTEM', ${members}, ${1_000 * members}, 1000, 30,
      'ACTIVE', 'bench', 0, 0)
    RETURNING id`);
  if (!row) throw new Error("no template");
  return row.id;
}
