import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import type { Message } from "../../queue/message.ts";
import { enqueueEach } from "../../queue/outbox.ts";
import { codesFlow, couponPool } from "../messages.ts";
import { templateChanged } from "../template/template-changed.ts";
import { makeCodes } from "./code.ts";

/**
 * Codes made in one step. They fall anywhere in a large index, so this bounds for how long the database is busy: about
 * a tenth of a second.
 */
export const stepSize = 5_000;

interface Step {
  readonly pool: number;
  /** How many codes the pool has: a step acts only while that is so. */
  readonly from: number;
}

/**
 * Adds the next codes to a pool, counts them, and leaves the message for the next step, all in one batch: a step that
 * is killed did nothing, a repeated or late one does nothing. A code that there is already is left out and made up for
 * by the steps that follow, so that a pool ends with exactly as many as were wanted.
 */
export async function fillStep(ctx: Context, { pool, from }: Step): Promise<void> {
  const turn = sql`id = ${pool} AND state = 'FILLING' AND source = 'GENERATED' AND made = ${from}`;
  const facts = await ctx.db.first<{ template: number; wanted: number; prefix: string }>(sql`
    SELECT template, wanted, (SELECT code_prefix FROM coupon_template t WHERE t.id = template) AS prefix
    FROM code_pool WHERE ${turn}`);
  if (!facts) return;
  const { template, wanted, prefix } = facts;
  const codes = makeCodes(prefix, Math.min(stepSize, wanted - from));
  const now = ctx.clock();
  await ctx.db.write([
    sql`
      INSERT INTO pool_code (code, template, pool)
      SELECT value, ${template}, ${pool} FROM ${rows(codes)} WHERE EXISTS (SELECT 1 FROM code_pool WHERE ${turn})
      ON CONFLICT DO NOTHING`,
    sql`
      UPDATE code_pool SET made = made + changes(), updated_at = ${now},
        state = CASE WHEN made + changes() >= wanted THEN 'READY' ELSE state END WHERE ${turn}`,
    enqueueEach(
      ctx,
      couponPool,
      {
        payload: sql`json_object('pool', id, 'from', made)`,
        subject: sql`'pool/' || id || '/' || made`,
        flow: codesFlow,
      },
      sql`code_pool WHERE id = ${pool} AND state = 'FILLING' AND changes() = 1`,
    ),
  ]);
  await templateChanged(ctx, template);
}

/** The messages that pools need to be filled, of those that made no progress since a time (ms). */
export async function openPools(ctx: Context, before: number): Promise<Message[]> {
  const open = await ctx.db.all<{ id: number; made: number }>(sql`
    SELECT id, made FROM code_pool
    WHERE state = 'FILLING' AND source = 'GENERATED' AND updated_at < ${before} LIMIT 100`);
  return open.map(({ id, made }) => couponPool.of({ pool: id, from: made }, { flow: codesFlow }));
}

/**
 * Marks a pool whose message the queue has given up: replaying its dead letter, or resuming the pool, goes on with it.
 */
export async function parkPool(ctx: Context, { pool, from }: Step): Promise<void> {
  await ctx.db.write([
    sql`
      UPDATE code_pool SET state = 'FAILED', updated_at = ${ctx.clock()}
      WHERE id = ${pool} AND state = 'FILLING' AND made = ${from}`,
  ]);
}

/** Takes a pool up again before its dead message is published anew. */
export async function unparkPool(ctx: Context, { pool, from }: Step): Promise<void> {
  const now = ctx.clock();
  await ctx.db.write([
    sql`
      UPDATE code_pool SET state = 'FILLING', updated_at = ${now}, since_at = ${now}, since_made = made
      WHERE id = ${pool} AND state = 'FAILED' AND source = 'GENERATED' AND made = ${from}`,
  ]);
}
