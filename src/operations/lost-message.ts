import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";

/** Work younger than this is left alone: its message is surely on its way, in milliseconds. */
export const graceMs = 60_000;

/** A message as the outbox remembers it. */
export interface OutboxRow {
  readonly seq: number;
  readonly published_at: number | null;
  readonly message_id: string | null;
}

/** The last message about one of these subjects. */
export function newestRow(ctx: Context, subjects: readonly string[]): Promise<OutboxRow | undefined> {
  return ctx.db.first<OutboxRow>(sql`
    SELECT seq, published_at, message_id FROM outbox
    WHERE seq = (SELECT max((SELECT max(seq) FROM outbox WHERE subject = value)) FROM ${rows(subjects)})`);
}

/** Whether neither the outbox nor the queue knows a message about this subject any more. */
export async function isLost(ctx: Context, newest: OutboxRow | undefined): Promise<boolean> {
  if (!newest) return true;
  if (newest.published_at === null) return false;
  if (newest.published_at > ctx.clock() - graceMs || !newest.message_id) return !newest.message_id;
  return !(await queueKnows(ctx, newest.message_id));
}

async function queueKnows(ctx: Context, messageId: string): Promise<boolean> {
  try {
    await ctx.queue.client.messages.get(messageId);
    return true;
  } catch (error) {
    if (typeof error === "object" && error !== null && "status" in error && error.status === 404) return false;
    throw error; // an outage says nothing about the message
  }
}
