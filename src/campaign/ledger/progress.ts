import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";
import { moveSends } from "./move-sends.ts";
import { type Progress, progressRanks } from "./progress-rank.ts";
import { countReached } from "./reached.ts";
import { noteResponse } from "./response.ts";

/** One send, as links and providers name it. */
export interface SendKey {
  readonly run: number;
  readonly channel: string;
  readonly member: number;
}

/** What somebody has told of a send. */
export interface ProgressReport {
  readonly send: SendKey;
  readonly progress: Progress;
  /** The provider's name of the message, where it is the provider who tells. */
  readonly providerId?: string | undefined;
}

/** The statements that move a send forward to what was told of it, never back; an UNKNOWN one becomes SENT. */
export function advanceSend({ send, progress, providerId = undefined }: ProgressReport, now: number): Query[] {
  const { run, channel, member } = send;
  const rank = progressRanks[progress];
  const id = providerId ?? null;
  const row = sql`run = ${run} AND channel = ${channel} AND member = ${member}
    AND (provider_id IS NULL OR ${id} IS NULL OR provider_id = ${id})`;
  return [
    sql`
      UPDATE send SET progress = ${rank}, provider_id = coalesce(provider_id, ${id})
      WHERE ${row} AND progress < ${rank} AND state IN ('SENDING', 'SENT', 'UNKNOWN')`,
    ...(progress === "opened" || progress === "clicked"
      ? [noteResponse(progress, sql`${row} AND state IN ('SENDING', 'SENT', 'UNKNOWN')`)]
      : []),
    ...markProven(run, sql`${row} AND progress > 0`, now),
  ];
}

/**
 * Makes SENT what is UNKNOWN among the rows of a run that `where` selects: rows about which a provider has told
 * something.
 */
export function markProven(run: number, where: SQL, now: number): Query[] {
  const proven = sql`state = 'UNKNOWN' AND ${where}`;
  return [countReached(run, proven), ...moveSends({ where: proven, to: "SENT", now })];
}
