import { sql } from "drizzle-orm";
import type { Context, OpenSubjects } from "../../context.ts";

/**
 * What the work is known by that a run waits for. Nothing for a run that is paused – what comes for it is dropped, and
 * resuming publishes anew – or over.
 */
export async function openWorkOfRun(ctx: Context, run: number, limit: number): Promise<OpenSubjects> {
  return { unfinished: await openSubjects(ctx, run, limit), steps: await planningSteps(ctx, run, limit) };
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
      WHERE r.id = ${run} AND r.state IN ${going} AND (o.published_at IS NULL OR o.not_before > ${ctx.clock()})
      LIMIT ${limit})`);
  return found.map(({ subject }) => subject);
}

const pagesLookedAt = 1_000;

/** The steps of planning, if there is a page without a message of its own: one of them has kept it for itself. */
async function planningSteps(ctx: Context, run: number, limit: number): Promise<string[]> {
  const found = await ctx.db.all<{ subject: string }>(sql`
    SELECT DISTINCT o.subject FROM run r JOIN outbox o
      ON o.subject = ${`start/${run}`} OR (o.subject >= ${`plan/${run}/`} AND o.subject < ${`plan/${run}0`})
    WHERE r.id = ${run} AND r.state IN ${going} AND EXISTS (
      SELECT 1 FROM (
        SELECT run, number FROM page WHERE run = ${run} AND state <> 'WRITTEN' ORDER BY number LIMIT ${pagesLookedAt}) p
      WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE subject = 'page/' || p.run || '/' || p.number))
    ORDER BY o.seq DESC LIMIT ${limit}`);
  return found.map(({ subject }) => subject);
}
