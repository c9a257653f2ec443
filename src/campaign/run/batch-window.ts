import { sql } from "drizzle-orm";
import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { enqueueEach } from "../../queue/outbox.ts";
import { channelSend } from "../messages.ts";
import { campaignSettings } from "../settings.ts";

/**
 * Opens as many batches as `sends` newly ready sends may need, but never more than the window of unfinished batches of
 * this run and channel allows. Pages call it for what they wrote, a finished batch for its successors, resuming for the
 * whole window: so the queue stays small, pausing is quick, and as long as one batch is unfinished the next one
 * follows.
 *
 * An open batch has no members yet: they are chosen when it is frozen.
 */
export function openBatches(ctx: Context, run: number, channel: ChannelName, sends: number): Query[] {
  const now = ctx.clock();
  const size = batchLimit(ctx, channel);
  const ids = Array.from({ length: Math.min(campaignSettings.of(ctx).batchWindow, Math.ceil(sends / size)) }, () =>
    ctx.id(),
  );
  const ofChannel = sql`run = ${run} AND channel = ${channel}`;
  const count = (states: string) => sql`(
    SELECT count(*) FROM batch WHERE ${ofChannel} AND state <> 'DONE' AND state IN (${sql.raw(states)}))`;
  const ready = sql`
    coalesce((SELECT n FROM tally WHERE ${ofChannel} AND state = 'PENDING' AND reason = ''), 0)`;
  return [
    sql`
      INSERT INTO batch (id, run, channel, state, created_at)
      SELECT value, ${run}, ${channel}, 'OPEN', ${now} FROM ${rows(ids)}
      WHERE EXISTS (SELECT 1 FROM run WHERE id = ${run} AND state = 'RUNNING')
        AND key < min(${campaignSettings.of(ctx).batchWindow} - ${count("'OPEN', 'FROZEN', 'TRIED'")},
                      (${ready} + ${size - 1}) / ${size} - ${count("'OPEN'")})`,
    enqueueEach(
      ctx,
      channelSend,
      {
        key: sql`b.seq`,
        payload: sql`json_object('batch', b.seq)`,
        subject: sql`'batch/' || b.seq`,
        flow: channel,
      },
      sql`${rows(ids)} JOIN batch b ON b.id = value`,
    ),
  ];
}

/** Recipients in one batch of a channel. */
export function batchLimit(ctx: Context, channel: ChannelName): number {
  const limits = ctx.settings.limits[channel];
  if (!limits) throw new Error(`no limits are set for ${channel}`);
  return limits.batch;
}
