import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";
import { addUp } from "./counts.ts";

/**
 * The statements that make deferred sends of a run ready again that are due at `now`, at most `limit` of them; how many
 * there were are the rows affected by the last. The rows are read off the index: by `(run, channel, member) IN (…)`
 * SQLite would walk the whole run for each step.
 */
export function wakeSends(run: number, now: number, limit: number): Query[] {
  const due = sql`(
    SELECT run, channel, member, state, reason, at FROM send INDEXED BY send_deferred
    WHERE state = 'PENDING' AND reason <> '' AND run = ${run} AND due_at <= ${now} LIMIT ${limit}) WHERE 1`;
  return [
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, state, reason, -count(*) FROM ${due} GROUP BY 1, 2, 3, 4
      ${addUp}`,
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, state, '', count(*) FROM ${due} GROUP BY 1, 2, 3
      ${addUp}`,
    sql`
      INSERT INTO send (run, channel, member, state, at) SELECT run, channel, member, state, at FROM ${due}
      ON CONFLICT DO UPDATE SET reason = '', due_at = NULL`,
  ];
}

/**
 * The statement that has sends `s`, which `late` names with a condition, wait no longer than until a time (ms); they
 * are written as they are woken.
 */
export function retrySooner(late: SQL, until: number): Query {
  return sql`
    INSERT INTO send (run, channel, member, state, at) SELECT s.run, s.channel, s.member, s.state, s.at FROM ${late}
    ON CONFLICT DO UPDATE SET due_at = ${until}`;
}
