import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";

/** A message as the outbox remembers it, for three days after it was published. */
export interface OutboxRow {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly payload: string;
  readonly subject: string;
  readonly flow: string | null;
  readonly not_before: number | null;
  readonly created_at: number;
  readonly next_try_at: number;
  readonly error: string | null;
  readonly published_at: number | null;
  /** The queue's name for it; JSON of such names by job for a message to a URL group. */
  readonly message_id: string | null;
}

const columns = sql.raw(
  "seq, id, name, payload, subject, flow, not_before, created_at, next_try_at, error, published_at, message_id",
);

/** Messages about a subject, newest first, before number `before`. */
export function rowsAbout(
  ctx: Context,
  { subject, before, limit }: { subject: string; before: number | undefined; limit: number },
): Promise<OutboxRow[]> {
  return ctx.db.all<OutboxRow>(sql`
    SELECT ${columns} FROM outbox WHERE subject = ${subject} AND seq < ${before ?? Number.MAX_SAFE_INTEGER}
    ORDER BY seq DESC LIMIT ${limit}`);
}

/** The last message about each of these subjects, in no order. */
export function newestAbout(ctx: Context, subjects: readonly string[]): Promise<OutboxRow[]> {
  return ctx.db.all<OutboxRow>(sql`
    SELECT ${columns} FROM outbox
    WHERE seq IN (SELECT (SELECT max(seq) FROM outbox WHERE subject = value) FROM ${rows(subjects)})`);
}

/** The rows of messages whose id and subject are known; there is no index by the id alone. */
export function rowsOf(
  ctx: Context,
  messages: readonly { readonly id: string; readonly subject: string }[],
): Promise<OutboxRow[]> {
  return ctx.db.all<OutboxRow>(sql`
    SELECT ${columns} FROM (
      SELECT value ->> 'subject' AS about, value ->> 'id' AS known FROM ${rows(messages)}) CROSS JOIN outbox
    ON subject = about AND message_id = known`);
}

/** The row of this name. */
export function rowById(ctx: Context, id: string): Promise<OutboxRow | undefined> {
  return ctx.db.first<OutboxRow>(sql`SELECT ${columns} FROM outbox WHERE id = ${id}`);
}

/** Messages that the queue has not taken, newest first. */
export function waitingRows(
  ctx: Context,
  { before, limit, job }: { before: number | undefined; limit: number; job: string | undefined },
): Promise<OutboxRow[]> {
  return ctx.db.all<OutboxRow>(sql`
    SELECT ${columns} FROM outbox INDEXED BY outbox_waiting
    WHERE published_at IS NULL AND seq < ${before ?? Number.MAX_SAFE_INTEGER}
      AND (${job ?? null} IS NULL OR name = ${job ?? null})
    ORDER BY seq DESC LIMIT ${limit}`);
}

/** What waits in the outbox. */
export interface Backlog {
  readonly waiting: number;
  /** When the oldest of it was committed (ms). */
  readonly oldestAt: number | null;
  /** Why the queue did not take it: of the relay, or of the last row that was refused. */
  readonly error: string | null;
  /** While the relay is backing off: when it asks the queue again (ms). */
  readonly pausedUntil: number | null;
}

export async function backlog(ctx: Context): Promise<Backlog> {
  const { outage } = ctx.queue;
  const row = await ctx.db.first<{ n: number; since: number | null; error: string | null }>(sql`
    SELECT count(*) AS n, min(created_at) AS since, max(error) AS error FROM outbox WHERE published_at IS NULL`);
  return {
    waiting: row?.n ?? 0,
    oldestAt: row?.since ?? null,
    error: outage?.error ?? row?.error ?? null,
    pausedUntil: outage?.until ?? null,
  };
}
