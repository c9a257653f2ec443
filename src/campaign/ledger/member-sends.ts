import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";

/**
 * A member's rows of the ledger as `s`, with their run as `r`; found run by run along its key: there is no index by
 * member, for it would slow every page.
 */
export function sendsOf(member: number): SQL {
  return sql`run r CROSS JOIN json_each(r.frozen, '$.channels') c
    CROSS JOIN send s ON s.run = r.id AND s.channel = c.value AND s.member = ${member}`;
}

/** Takes out what providers know a member's sends by; the states stay, and with them every sum. */
export function forgetProviderIds(member: number): Query {
  return sql`
    UPDATE send SET provider_id = NULL WHERE member = ${member} AND (run, channel) IN (
      SELECT r.id, c.value FROM run r, json_each(r.frozen, '$.channels') c WHERE r.frozen IS NOT NULL)`;
}
