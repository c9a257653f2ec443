import { sql } from "drizzle-orm";
import type { Database } from "../../src/db/client.ts";

/**
 * Everything about the coupons of a template that does not add up, a sentence each: counted against rows, rows against stock and limit, and the
 * coupons of runs against the ledger's.
 */
export async function couponFaults(db: Database, template: number): Promise<string[]> {
  const row = await db.first<Sums>(sql`
    SELECT t.issued, t.stock, t.per_member, t.reserved, t.budget, t.spent,
      (SELECT count(*) FROM coupon WHERE template = t.id) AS n,
      (SELECT coalesce(sum(reserve), 0) FROM coupon WHERE template = t.id) AS held,
      (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM coupon WHERE template = t.id GROUP BY member)) AS most_held,
      (SELECT count(*) FROM send s WHERE s.channel = 'COUPON' AND s.state = 'SENT'
        AND NOT EXISTS (SELECT 1 FROM coupon c WHERE c.member = s.member AND c.source = 'run/' || s.run)) AS lost,
      (SELECT count(*) FROM coupon c WHERE c.template = t.id AND c.source LIKE 'run/%' AND NOT EXISTS (
        SELECT 1 FROM send s WHERE s.channel = 'COUPON' AND s.member = c.member AND s.state = 'SENT' AND c.source = 'run/' || s.run)) AS strange
    FROM coupon_template t WHERE t.id = ${template}`);
  if (!row) return [`there is no template ${template}`];
  const faults: [boolean, string][] = [
    [row.issued !== row.n, `${row.issued} are counted, ${row.n} are there`],
    [row.stock !== null && row.n > row.stock, `${row.n} of ${row.stock} were given`],
    [row.reserved !== row.held, `${row.reserved} is reserved, the coupons hold ${row.held}`],
    [row.budget !== null && row.held + row.spent > row.budget, `${row.held} of the budget ${row.budget} is held`],
    [row.most_held > row.per_member, `someone holds ${row.most_held} of at most ${row.per_member}`],
    [row.lost > 0, `${row.lost} members are SENT a coupon that they do not have`],
    [row.strange > 0, `${row.strange} coupons of runs are in no ledger`],
  ];
  return faults.flatMap(([isFault, words]) => (isFault ? [words] : []));
}

interface Sums {
  readonly issued: number;
  readonly stock: number | null;
  readonly per_member: number;
  readonly reserved: number;
  readonly budget: number | null;
  readonly spent: number;
  readonly n: number;
  readonly held: number;
  readonly most_held: number;
  readonly lost: number;
  readonly strange: number;
}
