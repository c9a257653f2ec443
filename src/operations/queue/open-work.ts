import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { messagesOfRows } from "./find.ts";
import type { QueueMessage } from "./message.ts";
import { newestAbout } from "./outbox.ts";

/**
 * The messages that a run waits for, oldest first, at most `limit`: the last one about each piece of its unfinished work. None for a run that is
 * paused – what comes for it is dropped, and resuming publishes anew – or over.
 */
export async function openMessages(
  ctx: Context,
  { run, limit }: { run: number; limit: number },
): Promise<QueueMessage[]> {
  const rows = await newestAbout(ctx, await openSubjects(ctx, run, limit));
  return messagesOfRows(ctx, rows.sort((one, other) => one.seq - other.seq).slice(0, limit));
}

/** What the unfinished work of a run is known by, at most `limit` of each kind. */
async function openSubjects(ctx: Context, run: number, limit: number): Promise<string[]> {
  const now = ctx.clock();
  const of = (states: string) => sql`run r WHERE r.id = ${run} AND r.state IN (${sql.raw(states)})`;
  const going = "'RUNNING', 'CANCELLING', 'FAILED'";
  const found = await ctx.db.all<{ subject: string }>(sql`
    SELECT 'start/' || r.id AS subject FROM ${of(`'PENDING', ${going}`)} AND r.planned = 0 AND r.planned_to = 0
    UNION ALL SELECT 'plan/' || r.id || '/' || r.planned_to FROM ${of(going)} AND r.planned = 0
    UNION ALL SELECT 'cancel/' || r.id FROM ${of("'CANCELLING'")}
    UNION ALL SELECT * FROM (
      SELECT 'page/' || p.run || '/' || p.number FROM page p
      WHERE p.run = ${run} AND p.state <> 'WRITTEN' AND EXISTS (SELECT 1 FROM ${of(going)}) ORDER BY p.number LIMIT ${limit})
    UNION ALL SELECT * FROM (
      SELECT 'batch/' || b.seq FROM batch b
      WHERE b.run = ${run} AND b.state <> 'DONE' AND EXISTS (SELECT 1 FROM ${of(going)}) LIMIT ${limit})
    UNION ALL SELECT * FROM (
      SELECT o.subject FROM outbox o
      WHERE o.subject >= ${`wake/${run}/`} AND o.subject < ${`wake/${run}0`} AND (o.published_at IS NULL OR o.not_before > ${now})
        AND EXISTS (SELECT 1 FROM ${of(going)}) LIMIT ${limit})`);
  return found.map(({ subject }) => subject);
}
