import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";

/**
 * Notes that the member of the sends which `where` selects has opened a run's message, or followed a link in it: once,
 * whoever tells it how often. Whoever followed a link has opened it.
 */
export function noteResponse(deed: "opened" | "clicked", where: SQL): Query {
  const clicked = deed === "clicked" ? 1 : 0;
  return sql`
    INSERT INTO response (run, member, opened, clicked)
    SELECT s.run, s.member, 1, ${clicked} FROM send s
    WHERE ${where} AND EXISTS (SELECT 1 FROM funnel f WHERE f.run = s.run)
    ON CONFLICT (run, member) DO UPDATE SET opened = 1, clicked = max(clicked, excluded.clicked)
    WHERE opened = 0 OR clicked < excluded.clicked`;
}

/** What members did about the oldest run that ended before a time (ms), at most `limit` of them; its sums stay. */
export function forgetResponses({ endedBefore, limit }: { endedBefore: number; limit: number }): Query {
  return sql`
    DELETE FROM response WHERE (run, member) IN (
      SELECT p.run, p.member FROM response p WHERE p.run = (
        SELECT id FROM run WHERE completed_at < ${endedBefore}
          AND EXISTS (SELECT 1 FROM response p WHERE p.run = run.id) ORDER BY id LIMIT 1) LIMIT ${limit})`;
}
