import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { QueueMessage } from "./message.ts";
import { messagesOfRows } from "./message-search.ts";
import { newestAbout } from "./outbox.ts";

/**
 * The messages that a run waits for, oldest first, at most `limit`: the last one about each piece of its unfinished work. None for a run that is
 * paused – what comes for it is dropped, and resuming publishes anew – or over.
 */
export async function openMessages(
  ctx: Context,
  { run, limit }: { run: number; limit: number },
): Promise<QueueMessage[]> {
  const subjects = await openSubjects(ctx, run, limit);
  const steps = await planningSteps(ctx, run, limit);
  const rows = await newestAbout(ctx, [...new Set([...subjects, ...steps])]);
  const messages = await messagesOfRows(
    ctx,
    rows.sort((one, other) => one.seq - other.seq),
  );
  const isOpen = ({ subject, state }: QueueMessage) => state !== "DELIVERED" || subjects.includes(subject ?? "");
  return messages.filter(isOpen).slice(0, limit);
}

/** States in which a run's work goes on, or may be taken up again. */
const going = sql.raw("('RUNNING', 'CANCELLING', 'FAILED')");

/** What the unfinished work of a run is known by, at most `limit` of each kind. */
async function openSubjects(ctx: Context, run: number, limit: number): Promise<string[]> {
  const found = await ctx.db.all<{ subject: string }>(sql`
    SELECT 'start/' || id AS subject FROM run
    WHERE id = ${run} AND (state = 'PENDING' OR (state IN ${going} AND planned = 0 AND planned_to = 0))
    UNION ALL SELECT 'plan/' || id || '/' || planned_to FROM run WHERE id = ${run} AND state IN ${going} AND planned = 0
    UNION ALL SELECT 'cancel/' || id FROM run WHERE id = ${run} AND state = 'CANCELLING'
    UNION ALL SELECT * FROM (
      SELECT 'page/' || p.run || '/' || p.number FROM run r JOIN page p ON p.run = r.id AND p.state <> 'WRITTEN'
      WHERE r.id = ${run} AND r.state IN ${going} ORDER BY p.number LIMIT ${limit})
    UNION ALL SELECT * FROM (
      SELECT 'batch/' || b.seq FROM run r JOIN batch b ON b.run = r.id AND b.state <> 'DONE'
      WHERE r.id = ${run} AND r.state IN ${going} LIMIT ${limit})
    UNION ALL SELECT * FROM (
      SELECT o.subject FROM run r JOIN outbox o ON o.subject >= ${`wake/${run}/`} AND o.subject < ${`wake/${run}0`}
      WHERE r.id = ${run} AND r.state IN ${going} AND (o.published_at IS NULL OR o.not_before > ${ctx.clock()}) LIMIT ${limit})`);
  return found.map(({ subject }) => subject);
}

const pagesLookedAt = 1_000;

/** The steps of planning, if there is a page without a message of its own: one of them has kept it for itself. */
async function planningSteps(ctx: Context, run: number, limit: number): Promise<string[]> {
  const found = await ctx.db.all<{ subject: string }>(sql`
    SELECT DISTINCT o.subject FROM run r JOIN outbox o
      ON o.subject = ${`start/${run}`} OR (o.subject >= ${`plan/${run}/`} AND o.subject < ${`plan/${run}0`})
    WHERE r.id = ${run} AND r.state IN ${going} AND EXISTS (
      SELECT 1 FROM (SELECT run, number FROM page WHERE run = ${run} AND state <> 'WRITTEN' ORDER BY number LIMIT ${pagesLookedAt}) p
      WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE subject = 'page/' || p.run || '/' || p.number))
    ORDER BY o.seq DESC LIMIT ${limit}`);
  return found.map(({ subject }) => subject);
}
