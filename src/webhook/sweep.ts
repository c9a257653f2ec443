import { sql } from "drizzle-orm";
import type { Context, Retention } from "../context.ts";
import type { Message } from "../queue/message.ts";
import { flowOf, webhookSend } from "./messages.ts";
import { seal } from "./secret.ts";

/**
 * Attempts looked at in one sweep: a slow endpoint may have many in the queue, and the oldest are the first to be
 * missed.
 */
const batchSize = 100;

/** The message that each delivery needs that was due before a moment (ms). */
export async function stalled(ctx: Context, before: number): Promise<Message[]> {
  const due = await ctx.db.all<{ id: number; webhook: number }>(sql`
    SELECT id, webhook FROM webhook_delivery WHERE state = 'PENDING' AND due_at < ${before}
    ORDER BY due_at LIMIT ${batchSize}`);
  return due.map(({ id, webhook }) => webhookSend.of({ delivery: id }, { flow: flowOf(webhook) }));
}

/** How long ended deliveries are kept, in milliseconds, and how many are forgotten at once. */
const keepMs = 30 * 24 * 3_600_000;
const forgottenAtOnce = 10_000;

/** Seals the secrets that an earlier Fanfare kept as they are. */
export async function tidy(ctx: Context): Promise<void> {
  await sealOpen(ctx);
}

/** What webhooks keep for a time only; a delivery that is still on its way, however long, keeps no other from it. */
export const webhookKeeps: readonly Retention[] = [
  { name: "webhookDeliveries", kept: "30 days after they ended", forget: forgetDeliveries },
];

async function forgetDeliveries(ctx: Context): Promise<number> {
  const [result] = await ctx.db.write([
    sql`
      DELETE FROM webhook_delivery WHERE created_at < ${ctx.clock() - keepMs} AND state <> 'PENDING'
        AND id < (SELECT min(id) FROM webhook_delivery WHERE state <> 'PENDING') + ${forgottenAtOnce}`,
  ]);
  return result?.rowsAffected ?? 0;
}

async function sealOpen(ctx: Context): Promise<void> {
  for (const column of [sql`secret`, sql`old_secret`]) {
    const rows = await ctx.db.all<{ id: number; kept: string }>(sql`
      SELECT id, ${column} AS kept FROM webhook WHERE ${column} GLOB 'whsec_*'`);
    await ctx.db.write(
      rows.map(
        ({ id, kept }) => sql`
        UPDATE webhook SET ${column} = ${seal(ctx, kept)} WHERE id = ${id} AND ${column} = ${kept}`,
      ),
    );
  }
}
