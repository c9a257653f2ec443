import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { FileFault } from "../file/file.ts";
import { auditTransition } from "../transition/audit.ts";
import { distributionEnded, distributionFailed } from "./events.ts";
import { batchRows } from "./rows.ts";
import { isWithdrawingRow } from "./withdraw.ts";

/*
 * What the queue has given up – a bug, an outage that lasts – is said by the distribution: replaying the dead letter
 * goes on with it.
 */

const notRead: FileFault["message"] = "reading it failed again and again; replay its dead letter, or upload it again";
const notIssued: FileFault["message"] =
  "giving these rows their coupons failed again and again; resume it, or replay the dead letter";

interface Read {
  readonly distribution: number;
  readonly from: number;
}

/** Ends a distribution of which the file is not read any further: the message may have come far before it failed. */
export async function parkRead(ctx: Context, { distribution: id, from }: Read): Promise<void> {
  const where = sql`id = ${id} AND state IN ('UPLOADED', 'VALIDATING') AND read_to >= ${from}`;
  await ctx.db.write([
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "FAILED" }),
    sql`
      UPDATE distribution SET state = 'FAILED', updated_at = ${ctx.clock()},
        fault = json_object('row', read_to + 1, 'column', NULL, 'message', ${notRead})
      WHERE ${where}`,
    distributionEnded(distributionFailed, id, ctx.clock()),
  ]);
}

/** Takes reading up again before its dead message is published anew, where what it had read is kept still. */
export async function unparkRead(ctx: Context, { distribution: id, from }: Read): Promise<void> {
  const where = sql`id = ${id} AND state = 'FAILED' AND read_to >= ${from} AND fault ->> 'message' = ${notRead}
    AND forgotten_at IS NULL`;
  await ctx.db.write([
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "VALIDATING" }),
    sql`
      UPDATE distribution SET state = 'VALIDATING', fault = NULL, since_at = ${ctx.clock()},
        updated_at = ${ctx.clock()} WHERE ${where}`,
  ]);
}

interface Batch {
  readonly distribution: number;
  readonly batch: number;
}

/** Pauses a distribution of which a batch is not issued, and says which. */
export async function parkBatch(ctx: Context, { distribution: id, batch }: Batch): Promise<void> {
  const where = sql`id = ${id} AND state = 'RUNNING' AND EXISTS (
    SELECT 1 FROM distribution_block WHERE distribution = ${id} AND to_row > ${batch * batchRows}
      AND to_row <= ${(batch + 1) * batchRows} AND state <> 'DONE')`;
  const fault: FileFault = { row: batch * batchRows + 1, column: null, message: notIssued };
  await ctx.db.write([
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "PAUSED", reason: notIssued }),
    sql`
      UPDATE distribution SET state = 'PAUSED', fault = ${JSON.stringify(fault)}, updated_at = ${ctx.clock()}
      WHERE ${where}`,
  ]);
}

/**
 * Goes on with a distribution that was paused so, and by nobody else, before its dead message is published anew; not
 * while its coupons are being taken back.
 */
export async function unparkBatch(ctx: Context, { distribution: id }: Batch): Promise<void> {
  const where = sql`id = ${id} AND state = 'PAUSED' AND fault IS NOT NULL AND NOT ${isWithdrawingRow}`;
  const now = ctx.clock();
  await ctx.db.write([
    auditTransition(ctx, { noun: "distribution", table: sql`distribution`, where, to: "RUNNING" }),
    sql`
      UPDATE distribution SET state = 'RUNNING', fault = NULL, since_at = ${now}, updated_at = ${now},
        since_rows = (SELECT coalesce(sum(ended), 0) FROM distribution_count c WHERE c.distribution = ${id})
      WHERE ${where}`,
  ]);
}
