import { type SQL, sql } from "drizzle-orm";
import { externalNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { enqueue, noneAhead } from "../../queue/outbox.ts";
import { countIntoTally } from "../ledger/counts.ts";
import { campaignCancel } from "../messages.ts";
import { completeRun } from "./completion.ts";

/** Sends of a channel cancelled in one step: bounds how long its transaction holds the writer. */
const stride = 5_000;
/** How long one message works at it, and the pause before looking again at batches that a delivery still holds, in milliseconds. */
const spellMs = 10_000;
const patienceMs = 1_000;

/**
 * Cancels what is open of a run, in steps, until nothing is: marks open sends CANCELLED, ends batches that never began, and gives back the
 * members of batches that were frozen and not tried. A batch that was tried may have been sent: those who hold it record its results;
 * if they died, its members end UNKNOWN. What is left after a while, or still held, is left to one message for later, however
 * many deliveries of this one there are.
 */
export async function cancelOpen(ctx: Context, { run }: { run: number }): Promise<void> {
  const began = performance.now();
  let open = await cancelStep(ctx, run);
  while (open?.pending && performance.now() - began < spellMs) open = await cancelStep(ctx, run);
  if (!open?.pending && !open?.held) return;
  const now = ctx.clock();
  const message = campaignCancel.of({ run }, { notBefore: now + patienceMs });
  await ctx.db.write([enqueue([message], now, noneAhead(message.subject, now))]);
}

interface Open {
  readonly pending: number;
  readonly held: number;
}

async function cancelStep(ctx: Context, run: number): Promise<Open | undefined> {
  const now = ctx.clock();
  const cancelling = sql`EXISTS (SELECT 1 FROM run WHERE id = ${run} AND state = 'CANCELLING')`;
  const letGo = sql`SELECT seq FROM batch WHERE run = ${run} AND state <> 'DONE' AND state IN ('FROZEN', 'PARKED') AND first_tried_at IS NULL
    AND (lease_until <= ${now} OR state = 'PARKED') AND ${cancelling}`;
  const lost = sql`SELECT seq FROM batch WHERE run = ${run} AND state <> 'DONE' AND state IN ('TRIED', 'PARKED') AND first_tried_at IS NOT NULL
    AND (lease_until <= ${now} OR lease IS NULL OR state = 'PARKED') AND ${cancelling}`;
  await ctx.db.write([
    ...moveSends(sql`batch IN (${letGo}) AND state = 'SENDING'`, sql`'PENDING'`, "", now),
    ...moveSends(sql`batch IN (${lost}) AND state = 'SENDING'`, sql`'UNKNOWN'`, "CANCELLED_WHILE_SENDING", now),
    sql`UPDATE batch SET state = 'DONE', payload = NULL, lease = NULL WHERE seq IN (${letGo}) OR seq IN (${lost})
      OR (run = ${run} AND state <> 'DONE' AND state = 'OPEN' AND ${cancelling})`,
    ...externalNames.flatMap((channel) =>
      moveSends(sql`${nextOpen(run, channel)} AND ${cancelling}`, sql`'CANCELLED'`, "", now),
    ),
    ...completeRun(run, now),
  ]);
  return ctx.db.first<Open>(sql`
    SELECT EXISTS (SELECT 1 FROM tally WHERE run = ${run} AND state = 'PENDING' AND n > 0) AS pending,
      EXISTS (SELECT 1 FROM batch WHERE run = ${run} AND state <> 'DONE') AS held
    FROM run WHERE id = ${run} AND state = 'CANCELLING'`);
}

/**
 * The next open sends of a channel, found by the indexes of what is ready and of what is put off, and looked up in the ledger's key. (SQLite
 * would walk the whole run for a row-value IN, at every step.)
 */
function nextOpen(run: number, channel: string): SQL {
  const open = sql`run = ${run} AND channel = ${channel} AND state = 'PENDING'`;
  return sql`${open} AND member IN (
    SELECT member FROM (SELECT member FROM send INDEXED BY send_ready WHERE ${open} AND reason = '' ORDER BY member LIMIT ${stride})
    UNION ALL SELECT member FROM (
      SELECT member FROM send INDEXED BY send_deferred WHERE ${open} AND reason <> '' ORDER BY due_at, member LIMIT ${stride}))`;
}

function moveSends(where: SQL, to: SQL, reason: string, now: number) {
  // The tally is moved before the rows, while `where` still selects them: out of the old state, into the new one.
  return [
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, ${to}, ${reason}, count(*) FROM send WHERE ${where} GROUP BY 1, 2
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    countIntoTally(where, -1),
    sql`UPDATE send SET state = ${to}, reason = ${reason}, at = ${now} WHERE ${where}`,
  ];
}
