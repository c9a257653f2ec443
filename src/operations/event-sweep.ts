import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { announceTo, jobOf } from "../queue/event/cursor.ts";
import { graceMs, isLost, newestRow } from "./lost-message.ts";

/**
 * Announces the events behind their cursors again to consumers of which neither the outbox nor the queue knows a
 * message; says to how many. The newest message is enough to look for: it leads to all that came before it.
 */
export async function announceAgain(ctx: Context): Promise<number> {
  const now = ctx.clock();
  const behind = await ctx.db.all<{ name: string; cursor: number }>(sql`
    SELECT name, cursor FROM consumer, event_mark
    WHERE cursor < announced AND retired_at IS NULL AND moved_at < ${now - graceMs}`);
  let announced = 0;
  for (const { name, cursor } of behind) {
    const newest = await newestRow(ctx, ["events", jobOf(name)]);
    if (!(await isLost(ctx, newest && { ...newest, message_id: ownMessage(newest.message_id, name) }))) continue;
    const [result] = await ctx.db.write([announceTo(ctx, name, sql`${cursor}`)]);
    announced += result?.rowsAffected ?? 0;
  }
  return announced;
}

/** A URL group's message has an id for each of its consumers; one that joined since has none. */
function ownMessage(id: string | null, name: string): string | null {
  return id?.startsWith("{") ? (JSON.parse(id)[jobOf(name)] ?? null) : id;
}
