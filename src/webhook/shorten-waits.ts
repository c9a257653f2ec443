import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { enqueueEach } from "../queue/outbox.ts";
import { retrySchedule } from "./delivery.ts";
import { flowPrefix, webhookSend } from "./messages.ts";

/** By so much a pause may be longer than the schedule says. */
const jitter = 1.1;

/** After the clock was set back: no delivery waits longer for its next attempt than the schedule says, from now. */
export function shortenWaits(ctx: Context): readonly Query[] {
  const now = ctx.clock();
  const pause = sql`1000 * (${JSON.stringify([0, ...retrySchedule])} ->> d.round)`;
  const isTooFar = sql`d.state = 'PENDING' AND d.due_at > ${now} + ${jitter} * ${pause}`;
  const dueAt: SQL = sql`CAST(${now} + ${pause} AS INTEGER)`;
  return [
    enqueueEach(
      ctx,
      webhookSend,
      {
        key: sql`d.id`,
        payload: sql`json_object('delivery', d.id)`,
        subject: sql`'webhook/' || d.id`,
        flow: sql`${flowPrefix} || d.webhook`,
        notBefore: dueAt,
      },
      sql`webhook_delivery d WHERE ${isTooFar}`,
    ),
    sql`UPDATE webhook_delivery AS d SET due_at = ${dueAt} WHERE ${isTooFar}`,
  ];
}
