import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { refuse } from "../../errors.ts";
import { touchInbox } from "./inbox-watch.ts";
import { type RenderedMessage, renderedMessages } from "./rendered-message.ts";

/** One message in a member's inbox, as the member reads it. */
export interface InboxMessage extends RenderedMessage {
  /** Its run: one message a run, so this names it within the inbox. */
  readonly run: number;
  /** When it came, in milliseconds. */
  readonly at: number;
  readonly readAt: number | null;
}

/** The `seq` of the member who acts: the only inbox and popups that these verbs ever touch. */
export function actingMember({ actor }: Context): number {
  if (actor.kind !== "member") throw new Error("only members have an inbox");
  return actor.seq;
}

/**
 * The acting member's messages, those of the newest run first; `after` is the run of the last one on the page before.
 */
export function listInbox(
  ctx: Context,
  { after, limit }: { after?: number | undefined; limit: number },
): Promise<InboxMessage[]> {
  // In the order of the primary key: a further index would slow every page that a fan-out writes.
  return messagesWhere(ctx, sql`run < ${after ?? Number.MAX_SAFE_INTEGER} ORDER BY run DESC LIMIT ${limit}`);
}

/** The acting member's messages of these runs, in the order asked, with `undefined` for what is not there. */
export async function inboxByRun(ctx: Context, runs: readonly number[]): Promise<(InboxMessage | undefined)[]> {
  const found = await messagesWhere(ctx, sql`run IN (SELECT value FROM ${rows(runs)})`);
  const byRun = new Map(found.map((message) => [message.run, message]));
  return runs.map((run) => byRun.get(run));
}

interface InboxRow {
  readonly run: number;
  readonly at: number;
  readonly read_at: number | null;
}

async function messagesWhere(ctx: Context, rest: SQL): Promise<InboxMessage[]> {
  const member = actingMember(ctx);
  const found = await ctx.db.all<InboxRow>(sql`
    SELECT run, at, read_at FROM inbox WHERE member = ${member} AND deleted_at IS NULL AND ${rest}`);
  const texts = await renderedMessages(ctx, { channel: "IN_APP", member, runs: found.map(({ run }) => run) });
  return found.flatMap(({ run, at, read_at }) => {
    const text = texts.get(run);
    return text ? [{ run, at, readAt: read_at, ...text }] : [];
  });
}

/** How many of the acting member's messages are not read. */
export async function unreadCount(ctx: Context): Promise<number> {
  const counted = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM inbox WHERE member = ${actingMember(ctx)} AND deleted_at IS NULL AND read_at IS NULL`);
  return counted?.n ?? 0;
}

/** Marks one message read; repeating it keeps the first time. NOT_FOUND for what is not in the member's inbox. */
export async function markRead(ctx: Context, input: { run: number }) {
  await markAllRead(ctx, { only: input.run });
  const [message] = await inboxByRun(ctx, [input.run]);
  return message ?? refuse.notFound("message", input.run);
}

/** Marks the messages up to and including this run's read, or all of them; answers how many it changed. */
export async function markAllRead(
  ctx: Context,
  input: { upTo?: number | undefined; only?: number | undefined } = {},
): Promise<number> {
  const from = input.only ?? 0;
  const to = input.only ?? input.upTo ?? Number.MAX_SAFE_INTEGER;
  const [result] = await ctx.db.write([
    sql`
      UPDATE inbox SET read_at = ${ctx.clock()}
      WHERE member = ${actingMember(ctx)} AND run BETWEEN ${from} AND ${to} AND deleted_at IS NULL AND read_at IS NULL`,
  ]);
  touchInbox(ctx, actingMember(ctx));
  return result?.rowsAffected ?? 0;
}

/** Takes a message out of the acting member's inbox for good. NOT_FOUND for what is not there, or no longer. */
export async function deleteInboxMessage(ctx: Context, input: { run: number }) {
  const [result] = await ctx.db.write([
    sql`
      UPDATE inbox SET deleted_at = ${ctx.clock()}
      WHERE member = ${actingMember(ctx)} AND run = ${input.run} AND deleted_at IS NULL`,
  ]);
  touchInbox(ctx, actingMember(ctx));
  return result?.rowsAffected === 1 ? { run: input.run } : refuse.notFound("message", input.run);
}
