import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { prepared, type Statement } from "../../db/statement.ts";
import { refuse } from "../../errors.ts";
import { type RenderMember, readerColumns } from "../content/render.ts";
import { touchInbox } from "./inbox-watch.ts";
import { type RenderedMessage, textsFor } from "./rendered-message.ts";

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
  const member = actingMember(ctx);
  return messagesIn(ctx, newestFirst({ member, before: after ?? Number.MAX_SAFE_INTEGER, limit }));
}

/** The acting member's messages of these runs, in the order asked, with `undefined` for what is not there. */
export async function inboxByRun(ctx: Context, runs: readonly number[]): Promise<(InboxMessage | undefined)[]> {
  const found = await messagesIn(ctx, ofRuns({ member: actingMember(ctx), runs: JSON.stringify(runs) }));
  const byRun = new Map(found.map((message) => [message.run, message]));
  return runs.map((run) => byRun.get(run));
}

/** In the order of the primary key: a further index would slow every page that a fan-out writes. */
const newestFirst = prepared<{ member: number; before: number; limit: number }>((it) =>
  readerWith(it.member, sql`run < ${it.before} ORDER BY run DESC LIMIT ${it.limit}`),
);

const ofRuns = prepared<{ member: number; runs: string }>((it) =>
  readerWith(it.member, sql`run IN (SELECT value FROM json_each(${it.runs}))`),
);

/** The member with some of her messages, all in one row: JSON lists of {@link Told}. */
function readerWith(member: unknown, which: SQL): SQL {
  return sql`
    SELECT ${readerColumns()}, (
      SELECT json_group_array(json_array(run, at, read_at)) FROM (
        SELECT run, at, read_at FROM inbox WHERE member = ${member} AND deleted_at IS NULL AND ${which})) AS messages
    FROM member m WHERE m.seq = ${member}`;
}

type Told = [run: number, at: number, readAt: number | null];

async function messagesIn(ctx: Context, reading: Statement): Promise<InboxMessage[]> {
  const reader = await ctx.db.first<RenderMember & { readonly messages: string }>(reading);
  if (!reader) return [];
  const { messages, ...member } = reader;
  const found: readonly Told[] = JSON.parse(messages);
  const texts = await textsFor(ctx, { channel: "IN_APP", member, runs: found.map(([run]) => run) });
  return found.flatMap(([run, at, readAt]) => {
    const text = texts.get(run);
    return text ? [{ run, at, readAt, title: text.title, body: text.body, url: text.url }] : [];
  });
}

/** How many of the acting member's messages are not read. */
export async function unreadCount(ctx: Context): Promise<number> {
  const counted = await ctx.db.first<{ n: number }>(unread({ member: actingMember(ctx) }));
  return counted?.n ?? 0;
}

const unread = prepared<{ member: number }>(
  (it) => sql`
    SELECT count(*) AS n FROM inbox WHERE member = ${it.member} AND deleted_at IS NULL AND read_at IS NULL`,
);

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
