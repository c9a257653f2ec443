import { sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";

/** The rows of the oldest run that ended before a time, at most `limit` of one channel; its counts stay. */
export function forgetSends({ endedBefore, limit }: { endedBefore: number; limit: number }): Query {
  const oldest = sql`(
    SELECT id FROM run WHERE completed_at < ${endedBefore}
      AND EXISTS (SELECT 1 FROM send s WHERE s.run = run.id) ORDER BY id LIMIT 1)`;
  const ofRun = sql`run = ${oldest}
    AND channel = (SELECT channel FROM send WHERE run = ${oldest} ORDER BY channel LIMIT 1)`;
  return sql`
    DELETE FROM send WHERE ${ofRun}
      AND member IN (SELECT member FROM send WHERE ${ofRun} ORDER BY member LIMIT ${limit})`;
}

/** Finished batches that were opened before a time (ms). */
export function forgetBatches(before: number): Query {
  return sql`DELETE FROM batch WHERE state = 'DONE' AND created_at < ${before}`;
}
