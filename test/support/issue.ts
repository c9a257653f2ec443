import { sql } from "drizzle-orm";
import type { Database } from "../../src/db/client.ts";
import { couponSums } from "./coupon-sums.ts";

/** Everything that does not add up about coupons, a sentence each, those of runs held against the ledger, too. */
export async function couponFaults(db: Database): Promise<string[]> {
  const row = await db.first<{ lost: number; strange: number }>(sql`
    SELECT
      (SELECT count(*) FROM send s WHERE s.channel = 'COUPON' AND s.state = 'SENT'
        AND NOT EXISTS (SELECT 1 FROM coupon c WHERE c.member = s.member AND c.source = 'run/' || s.run)) AS lost,
      (SELECT count(*) FROM coupon c WHERE c.source LIKE 'run/%' AND NOT EXISTS (
        SELECT 1 FROM send s WHERE s.channel = 'COUPON' AND s.member = c.member AND s.state = 'SENT'
          AND c.source = 'run/' || s.run)) AS strange`);
  const { lost = 0, strange = 0 } = row ?? {};
  return [
    ...(await couponSums(db)),
    ...(lost > 0 ? [`${lost} members are SENT a coupon that they do not have`] : []),
    ...(strange > 0 ? [`${strange} coupons of runs are in no ledger`] : []),
  ];
}
