import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Message } from "../queue/message.ts";
import { campaignCancel, campaignPage, campaignPlan, campaignStart, campaignWake, channelSend } from "./messages.ts";
import { armingHorizonMs } from "./run/start.ts";
import { nextWave } from "./run/zones.ts";

/** What is looked for. */
interface Stalled {
  /** Work that was begun before this time (ms) should have come further by now. */
  readonly before: number;
  /** Pieces of work of each kind at most. */
  readonly limit: number;
}

/** The message that each unfinished piece of campaigns' work needs, oldest runs first; the queue may still have it. */
export async function stalled(ctx: Context, { before, limit }: Stalled): Promise<Message[]> {
  const now = ctx.clock();
  const live = sql`r.state IN ('RUNNING', 'CANCELLING') AND r.started_at < ${before}`;
  const found = await Promise.all([
    dueRuns(ctx, now, limit),
    unplanned(ctx, live, limit),
    unwrittenPages(ctx, live, limit),
    unfinishedBatches(ctx, sql`${live} AND b.lease_until < ${now} AND b.created_at < ${before}`, limit),
    cancelling(ctx, live, limit),
    deferred(ctx, live, { before, limit }),
  ]);
  return found.flat();
}

async function dueRuns(ctx: Context, now: number, limit: number): Promise<Message[]> {
  const runs = await ctx.db.all<{ id: number; due_at: number }>(sql`
    SELECT r.id, r.due_at FROM run r JOIN campaign c ON c.id = r.campaign AND c.state = 'ACTIVE'
    WHERE r.state = 'PENDING' AND r.due_at < ${now + armingHorizonMs} LIMIT ${limit}`);
  return runs.map(({ id, due_at }) => campaignStart.of({ run: id }, { notBefore: due_at }));
}

async function unplanned(ctx: Context, live: SQL, limit: number): Promise<Message[]> {
  const now = ctx.clock();
  const runs = await ctx.db.all<{ id: number; planned_to: number; at: number }>(sql`
    SELECT r.id, r.planned_to, coalesce(${nextWave(sql`r.id`)}, 0) AS at
    FROM run r WHERE ${live} AND r.planned = 0 LIMIT ${limit}`);
  return runs.map(({ id, planned_to: from, at }) =>
    campaignPlan.of({ run: id, from }, at > now ? { notBefore: Math.min(at, now + armingHorizonMs) } : {}),
  );
}

async function unwrittenPages(ctx: Context, live: SQL, limit: number): Promise<Message[]> {
  const pages = await ctx.db.all<{ run: number; number: number }>(sql`
    SELECT p.run, p.number FROM run r JOIN page p ON p.run = r.id AND p.state <> 'WRITTEN' AND p.state = 'PLANNED'
    WHERE ${live} LIMIT ${limit}`);
  return pages.map(({ run, number }) => campaignPage.of({ run, page: number }, { flow: "pages" }));
}

async function unfinishedBatches(ctx: Context, where: SQL, limit: number): Promise<Message[]> {
  const batches = await ctx.db.all<{ seq: number; channel: string }>(sql`
    SELECT b.seq, b.channel FROM run r
      JOIN batch b ON b.run = r.id AND b.state <> 'DONE' AND b.state IN ('OPEN', 'FROZEN', 'TRIED')
    WHERE ${where} LIMIT ${limit}`);
  return batches.map(({ seq, channel }) => channelSend.of({ batch: seq }, { flow: channel }));
}

async function cancelling(ctx: Context, live: SQL, limit: number): Promise<Message[]> {
  const runs = await ctx.db.all<{ id: number }>(sql`
    SELECT r.id FROM run r WHERE ${live} AND r.state = 'CANCELLING' LIMIT ${limit}`);
  return runs.map(({ id }) => campaignCancel.of({ run: id }));
}

async function deferred(ctx: Context, live: SQL, { before, limit }: Stalled): Promise<Message[]> {
  const runs = await ctx.db.all<{ run: number; at: number }>(sql`
    SELECT run, at FROM (
      SELECT r.id AS run, (SELECT max(s.due_at) FROM send s INDEXED BY send_deferred
        WHERE s.run = r.id AND s.state = 'PENDING' AND s.reason <> '' AND s.due_at < ${before}) AS at
      FROM run r WHERE ${live}) WHERE at IS NOT NULL LIMIT ${limit}`);
  return runs.map(({ run, at }) => campaignWake.of({ run, at }));
}
