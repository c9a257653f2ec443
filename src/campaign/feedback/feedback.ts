import { type SQL, sql } from "drizzle-orm";
import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { wishStatements } from "../../member/opt-out.ts";
import { countIntoTally } from "../ledger/counts.ts";

/**
 * What a provider tells after it has accepted a send, in `send.progress`. The column holds the highest rank heard of and only grows, so
 * news may come twice, late and in any order, and the row ends the same.
 *
 *   0  nothing yet
 *   1  delivered     it reached the mailbox or the phone
 *   2  opened
 *   3  clicked       a link in it was followed, as the provider or our own redirect saw
 *   4  undelivered   accepted, then not delivered: a soft bounce, a carrier's refusal, the provider's own suppression list
 *   5  bounced       the address is dead for good, and suppressed
 *   6  complained    the member called it spam, and the address is suppressed
 *
 * 4–6 stand above 1–3 because a message that came back or gave offence did not succeed, whatever was seen of it before.
 * The state stays SENT, which means that the provider accepted it: a finished run's sums do not move any more. Only
 * UNKNOWN moves: any news about a send proves that it was accepted, so the row becomes SENT and the tally follows.
 */
export const progressRanks = {
  delivered: 1,
  opened: 2,
  clicked: 3,
  undelivered: 4,
  bounced: 5,
  complained: 6,
} as const;
export type Progress = keyof typeof progressRanks;

/** One send, as links and providers name it. */
export interface SendKey {
  readonly run: number;
  readonly channel: string;
  readonly member: number;
}

/** The send that a provider's `run:member` stands for. */
export function sendKeyOf(ref: string | undefined, channel: ExternalChannelName): SendKey | undefined {
  const [, run, member] = /^(\d{1,15}):(\d{1,15})$/.exec(ref ?? "") ?? [];
  return run && member ? { run: Number(run), channel, member: Number(member) } : undefined;
}

/** Moves a send forward to `progress`, never back. News about a send that the ledger does not have, or has under another provider id, changes nothing. */
export async function recordProgress(ctx: Context, news: ProgressNews): Promise<void> {
  await ctx.db.write(moveForward(news, ctx.clock()));
}

export interface ProgressNews {
  readonly send: SendKey;
  readonly progress: Progress;
  /** The provider's name of the message, where it is the provider who tells. */
  readonly providerId?: string | undefined;
}

function moveForward({ send: { run, channel, member }, progress, providerId = undefined }: ProgressNews, now: number) {
  const rank = progressRanks[progress];
  const id = providerId ?? null;
  const row = sql`run = ${run} AND channel = ${channel} AND member = ${member}
    AND (provider_id IS NULL OR ${id} IS NULL OR provider_id = ${id})`;
  return [
    sql`
      UPDATE send SET progress = ${rank}, provider_id = coalesce(provider_id, ${id})
      WHERE ${row} AND progress < ${rank} AND state IN ('SENDING', 'SENT', 'UNKNOWN')`,
    ...settleProven(sql`${row} AND progress > 0`, now),
  ];
}

/** Makes SENT what is UNKNOWN among the rows that `where` selects: rows about which a provider has told something. */
export function settleProven(where: SQL, now: number): Query[] {
  const proven = sql`state = 'UNKNOWN' AND ${where}`;
  return [
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT run, channel, 'SENT', '', count(*) FROM send WHERE ${proven} GROUP BY 1, 2
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    countIntoTally(proven, -1),
    sql`UPDATE send SET state = 'SENT', reason = '', at = ${now} WHERE ${proven}`,
  ];
}

/** Names a piece of a provider's news, so that its redelivery has no second effect. */
export interface NewsId {
  readonly provider: string;
  readonly id: string;
}

/**
 * Suppresses an address for a hard bounce or a complaint, together with the news about the send. Once per id: when an operator has
 * lifted the suppression since, a redelivery of the old news does not bring it back.
 */
export async function recordDeadAddress(
  ctx: Context,
  input: {
    id: NewsId;
    channel: ExternalChannelName;
    address: string;
    reason: "hard-bounce" | "complaint";
    news: ProgressNews | undefined;
  },
): Promise<void> {
  const now = ctx.clock();
  const { note, first } = firstTime(input.id, now);
  await ctx.db.write([
    note,
    sql`
      INSERT OR IGNORE INTO suppression (channel, address, reason, at)
      SELECT ${input.channel}, ${input.address}, ${input.reason}, ${now} WHERE ${first}`,
    ...(input.news ? moveForward(input.news, now) : []),
  ]);
}

/** Honours a member's STOP or START on a channel of phone numbers. Once per id: a STOP delivered again does not undo a later START. */
export async function recordWish(
  ctx: Context,
  input: { id: NewsId; channel: ExternalChannelName; wish: "stop" | "start"; phone: string },
): Promise<void> {
  const now = ctx.clock();
  const { note, first } = firstTime(input.id, now);
  await ctx.db.write([note, ...wishStatements({ ...input, now, guard: first })]);
}

/** A statement that notes the news, and the guard that holds in the same transaction if it was not noted before. */
function firstTime({ provider, id }: NewsId, now: number): { note: Query; first: SQL } {
  const caller = `webhook/${provider}`;
  const token = Bun.randomUUIDv7();
  return {
    note: sql`
      INSERT OR IGNORE INTO idempotency (caller, key, input_hash, answer, at) VALUES (${caller}, ${id}, '', ${token}, ${now})`,
    first: sql`EXISTS (SELECT 1 FROM idempotency WHERE caller = ${caller} AND key = ${id} AND answer = ${token})`,
  };
}

/** Forgets push tokens that their provider no longer knows, where `guard` holds. */
export function forgetTokens(tokens: readonly string[], guard: SQL): Query[] {
  if (tokens.length === 0) return [];
  return [sql`DELETE FROM push_token WHERE token IN (SELECT value FROM ${rows(tokens)}) AND ${guard}`];
}
