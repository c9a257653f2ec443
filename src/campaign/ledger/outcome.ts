import { type SQL, sql } from "drizzle-orm";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { type CountChange, changeCounts } from "./counts.ts";
import { countReached } from "./reached.ts";

/** What became of one member of a batch. */
export interface SendOutcome {
  readonly member: number;
  readonly state: "SENT" | "FAILED" | "UNKNOWN" | "PENDING";
  readonly reason: string;
  readonly providerId: string | null;
  /** For PENDING: when it may be tried again (ms). */
  readonly dueAt: number | null;
}

/** Whose outcomes are recorded. */
interface Batch {
  readonly seq: number;
  readonly run: number;
  readonly channel: string;
}

/** The statements that record what became of a batch's members, with their counts, where `guard` holds. */
export function recordOutcomes(batch: Batch, outcomes: readonly SendOutcome[], guard: SQL, now: number): Query[] {
  return [
    writeOutcomes(batch, outcomes, guard, now),
    changeCounts(batch.run, changesOf(batch, outcomes), guard),
    countReached(batch.run, sql`s.batch = ${batch.seq} AND s.state = 'SENT' AND ${guard}`),
  ];
}

/**
 * Looks every member up in the ledger's key and writes it back. An upsert, for SQLite would run an UPDATE … FROM the
 * other way round: through the whole ledger of the run, for each batch.
 */
function writeOutcomes({ seq, run, channel }: Batch, outcomes: readonly SendOutcome[], guard: SQL, now: number): Query {
  return sql`
    INSERT INTO send (run, channel, member, state, reason, at, due_at, tries, batch, provider_id)
    SELECT s.run, s.channel, s.member, ${field("state")}, ${field("reason")}, ${now}, ${field("dueAt")}, s.tries + 1,
      CASE ${field("state")} WHEN 'PENDING' THEN NULL ELSE s.batch END, coalesce(${field("providerId")}, s.provider_id)
    FROM ${rows(outcomes)} CROSS JOIN send s
      ON s.run = ${run} AND s.channel = ${channel} AND s.member = ${field("member")}
    WHERE s.batch = ${seq} AND s.state = 'SENDING' AND ${guard}
    ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, at = excluded.at,
      due_at = excluded.due_at, tries = excluded.tries, batch = excluded.batch, provider_id = excluded.provider_id`;
}

function changesOf({ channel }: Batch, outcomes: readonly SendOutcome[]): CountChange[] {
  const counts = new Map<string, CountChange>();
  for (const { state, reason } of outcomes) {
    const key = `${state}:${reason}`;
    const entry = counts.get(key) ?? { channel, state, reason, n: 0 };
    counts.set(key, { ...entry, n: entry.n + 1 });
  }
  return [...counts.values(), { channel, state: "SENDING", reason: "", n: -outcomes.length }];
}
