import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { enqueueEach } from "../queue/outbox.ts";
import { retrySooner } from "./ledger/wake.ts";
import { campaignCancel, campaignWake, channelSend } from "./messages.ts";
import { campaignSettings } from "./settings.ts";

/** What a provider put off, and a lease, waits for no longer than this, ms: no call takes as long. */
const longestMs = 300_000;

/**
 * After the clock was set back: leases, and batches and sends that are to be tried again, wait no longer than five
 * minutes from now, and runs that are being cancelled are looked at at once. Quiet hours stay where they are:
 * they end at a moment.
 */
export function shortenWaits(ctx: Context): readonly Query[] {
  const now = ctx.clock();
  const until = now + Math.max(longestMs, campaignSettings.of(ctx).leaseMs);
  const held = sql`b.state IN ('OPEN', 'FROZEN', 'TRIED') AND b.state <> 'DONE' AND b.lease_until > ${until}`;
  const retryAt = now + longestMs;
  const late = sql`send s WHERE s.state = 'PENDING' AND s.reason <> '' AND s.reason = 'RETRY' AND s.due_at > ${retryAt}
    AND s.run IN (SELECT id FROM run WHERE state IN ('RUNNING', 'PAUSED'))`;
  return [
    enqueueEach(
      ctx,
      channelSend,
      {
        key: sql`b.seq`,
        payload: sql`json_object('batch', b.seq)`,
        subject: sql`'batch/' || b.seq`,
        flow: sql`b.channel`,
        notBefore: sql`${until}`,
      },
      sql`batch b WHERE ${held}`,
    ),
    sql`UPDATE batch AS b SET lease_until = ${until} WHERE ${held}`,
    enqueueEach(
      ctx,
      campaignWake,
      {
        key: sql`r.run`,
        payload: sql`json_object('run', r.run, 'at', ${retryAt})`,
        subject: sql`'wake/' || r.run || '/' || ${retryAt}`,
        notBefore: sql`${retryAt}`,
      },
      sql`(SELECT DISTINCT s.run FROM ${late}) r`,
    ),
    retrySooner(late, retryAt),
    enqueueEach(
      ctx,
      campaignCancel,
      { key: sql`r.id`, payload: sql`json_object('run', r.id)`, subject: sql`'cancel/' || r.id` },
      sql`run r WHERE r.state = 'CANCELLING'`,
    ),
  ];
}
