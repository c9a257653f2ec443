import { sql } from "drizzle-orm";
import type { Database } from "../../src/db/client.ts";

/**
 * What the rows say of a run's funnel, counted anew from all that there is of it: sends, inbox, popups and coupons. Who
 * opened and then complained is known to the responses alone, so that of these no fewer must be counted.
 */
export async function funnelOfRows(db: Database, run: number) {
  const one = async (query: ReturnType<typeof sql>) => (await db.first<{ n: number }>(query))?.n ?? 0;
  const coupon = sql`coupon c WHERE (c.invited_by = ${run} OR c.source = 'run/' || ${run})`;
  const responses = (deed: string) =>
    one(sql`SELECT count(*) AS n FROM response WHERE run = ${run} AND ${sql.raw(deed)} > 0`);
  return {
    matched: (await one(sql`SELECT count(DISTINCT member) AS n FROM send WHERE run = ${run}`)) ?? 0,
    sent: await one(sql`
      SELECT count(DISTINCT member) AS n FROM send WHERE run = ${run} AND state = 'SENT' AND channel <> 'COUPON'`),
    opened: await responses("opened"),
    clicked: await responses("clicked"),
    claimed: await one(sql`SELECT count(DISTINCT c.member) AS n FROM ${coupon}`),
    redeemed: await one(sql`SELECT count(DISTINCT c.member) AS n FROM ${coupon} AND c.state = 'USED'`),
  };
}
