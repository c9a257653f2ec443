import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";

/**
 * Counts the members among sends `s` of one channel, which `where` selects and which have just become SENT or are about
 * to, whom no other channel of the run has sent it: those that it reaches with these. Costs nothing where a member can
 * be sent it once only.
 */
export function countReached(run: number, where: SQL): Query {
  return sql`
    UPDATE funnel SET reached = reached + (
      SELECT count(*) FROM send s WHERE ${where} AND NOT EXISTS (
        SELECT 1 FROM tally t CROSS JOIN send o
          ON o.run = t.run AND o.channel = t.channel AND o.member = s.member AND o.state = 'SENT'
        WHERE t.run = s.run AND t.state = 'SENT' AND t.channel NOT IN ('COUPON', s.channel)))
    WHERE run = ${run} AND reached IS NOT NULL`;
}
