import { type SQL, sql } from "drizzle-orm";
import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import type { Setback } from "../../queue/setback.ts";
import type { HeldBatch } from "./batch.ts";

/** A provider's word that it takes something later. */
export interface Refusal {
  readonly words: string;
  /** When it is asked again (ms). */
  readonly retryAt: number;
}

/** What a channel of a run stands at while its provider refuses. */
export interface StandingRefusal extends Refusal {
  readonly run: number;
  readonly channel: ExternalChannelName;
  readonly times: number;
  /** When the first of them came (ms). */
  readonly since: number;
}

/** Notes on the batch that `where` selects that its provider put it off. */
export function noteRefusal({ words, retryAt }: Refusal, where: SQL, now: number): Query {
  return sql`
    UPDATE batch SET refusal = ${words}, refusals = refusals + 1, refused_since = coalesce(refused_since, ${now}),
      retry_at = ${retryAt}
    WHERE ${where}`;
}

/**
 * The statements after a batch has ended, where `ended` holds: with a refusal of some of its members, which then wait
 * for another batch, it stands for those that ended so before; without, what stood of the channel is over.
 */
export function settleRefusals(batch: HeldBatch, refusal: Refusal | undefined, ended: SQL, now: number): Query[] {
  const { seq, run, channel } = batch;
  const stood = sql`
    FROM batch o WHERE o.run = ${run} AND o.channel = ${channel} AND o.state = 'DONE' AND o.refusal IS NOT NULL
      AND o.seq <> ${seq}`;
  const settled = sql`
    UPDATE batch SET refusal = NULL
    WHERE run = ${run} AND channel = ${channel} AND state = 'DONE' AND refusal IS NOT NULL AND ${ended}`;
  if (!refusal) return [settled];
  return [
    noteRefusal(refusal, sql`seq = ${seq} AND ${ended}`, now),
    sql`
      UPDATE batch SET refusals = refusals + coalesce((SELECT sum(o.refusals) ${stood}), 0),
        refused_since = min(refused_since, coalesce((SELECT min(o.refused_since) ${stood}), refused_since))
      WHERE seq = ${seq} AND ${ended}`,
    sql`${settled} AND seq <> ${seq}`,
  ];
}

/** What stands of these runs. */
export function standingRefusals(ctx: Context, runs: readonly number[]): Promise<StandingRefusal[]> {
  return ctx.db.all<StandingRefusal>(sql`
    SELECT run, channel, refusal AS words, sum(refusals) OVER of AS times, min(refused_since) OVER of AS since,
      retry_at AS "retryAt"
    FROM batch INDEXED BY batch_refused
    WHERE run IN (SELECT value FROM ${rows(runs)}) AND refusal IS NOT NULL AND state <> 'PARKED'
    WINDOW of AS (PARTITION BY run, channel)
    ORDER BY retry_at`);
}

/** Of each channel the one that is asked again last: the newest. */
export function byChannel(standing: readonly StandingRefusal[]): ReadonlyMap<ExternalChannelName, StandingRefusal> {
  return new Map(standing.map((each) => [each.channel, each]));
}

/** What a refusal is to whoever asks why a message is not done with. */
export function setbackOf({ channel, words, times, since }: Omit<StandingRefusal, "run" | "retryAt">): Setback {
  return {
    said: `The provider of ${channel} puts it off: ${words}`,
    times,
    since,
    advice: refusalAdvice,
  };
}

export const refusalAdvice =
  "Mend what it names, at the provider or in the settings: it is tried again by itself until then. Pausing the " +
  "campaign stops the tries, cancelling it gives them up.";

/** Why a batch waits, if its provider put it off. */
export async function setbackOfBatch(ctx: Context, { batch }: { batch: number }): Promise<Setback | undefined> {
  const row = await ctx.db.first<Omit<StandingRefusal, "run" | "retryAt">>(sql`
    SELECT channel, refusal AS words, refusals AS times, refused_since AS since FROM batch
    WHERE seq = ${batch} AND refusal IS NOT NULL AND state <> 'DONE'`);
  return row && setbackOf(row);
}

/** Why deferred sends of a run wait, if a provider put them off. */
export async function setbackOfRun(ctx: Context, { run }: { run: number }): Promise<Setback | undefined> {
  const last = (await standingRefusals(ctx, [run])).at(-1);
  return last && setbackOf(last);
}
