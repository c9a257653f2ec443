import { type SQL, sql } from "drizzle-orm";
import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Query } from "../../db/statement.ts";
import { countRows, countRowsAs } from "./counts.ts";
import { inTime } from "./decision.ts";
import { reasonText } from "./skip-reason.ts";

/** A batch that is choosing its members, for as long as `guard` holds. */
export interface Choosing {
  readonly seq: number;
  readonly run: number;
  readonly channel: ExternalChannelName;
  /** Members at most. */
  readonly limit: number;
  readonly endsAt: number | null;
  readonly now: number;
  readonly guard: SQL;
}

/** The next sends of a channel that are ready, in the order in which batches take them. */
export function nextReady({ run, channel }: Pick<Choosing, "run" | "channel">, n: number): SQL {
  return sql`(
    SELECT member FROM send INDEXED BY send_ready
    WHERE run = ${run} AND channel = ${channel} AND state = 'PENDING' AND reason = '' ORDER BY member LIMIT ${n})`;
}

/**
 * Chooses the batch's members among those next and ready: SENDING, or SKIPPED for `reason`. `awake` is a condition on
 * member `m` that leaves others ready. The counts follow in {@link countTaken}.
 */
export function takeReady(choosing: Choosing, { reason, awake }: { reason: SQL; awake: SQL }): Query {
  const { seq, run, channel, limit, now, guard } = choosing;
  return sql`
    UPDATE send SET batch = ${seq}, at = ${now}, reason = coalesce(d.skip, ''),
      state = CASE WHEN d.skip IS NULL THEN 'SENDING' ELSE 'SKIPPED' END
    FROM (SELECT s.member AS member, ${reason} AS skip FROM ${nextReady(choosing, limit)} s
          JOIN member m ON m.seq = s.member WHERE ${guard}${awake}) d
    WHERE send.run = ${run} AND send.channel = ${channel} AND send.member = d.member`;
}

/**
 * Takes those in quiet hours out of the next sends: PENDING until the hours end, or past the campaign's end SKIPPED.
 * When one of the batch's own is quiet, it looks `ahead`, so that a night that falls on a large run does not cost a
 * batch for each handful. Until {@link releaseDeferred} the rows carry the batch, and are counted with its own.
 */
export function deferReady(choosing: Choosing, { until, ahead }: { until: SQL; ahead: number }): Query {
  const { seq, run, channel, limit, endsAt, now, guard } = choosing;
  const next = (n: number) => sql`
    SELECT s.member AS member, ${until} AS until FROM ${nextReady(choosing, n)} s
      CROSS JOIN member m ON m.seq = s.member`;
  const anyone = sql`EXISTS (SELECT 1 FROM (${next(limit)} WHERE ${guard} LIMIT -1) WHERE until IS NOT NULL)`;
  const state = sql`CASE WHEN ${inTime(sql`until`, endsAt)} THEN 'PENDING' ELSE 'SKIPPED' END`;
  return sql`
    INSERT INTO send (run, channel, member, state, reason, at, due_at, batch)
    SELECT ${run}, ${channel}, member, ${state}, ${reasonText("QUIET_HOURS")}, ${now}, until, ${seq}
    FROM (${next(Math.max(limit, ahead))} WHERE ${anyone} LIMIT -1) WHERE until IS NOT NULL
    ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, at = excluded.at,
      due_at = excluded.due_at, batch = excluded.batch`;
}

/** Counts what {@link takeReady} and {@link deferReady} did: each of the batch's rows was ready before. */
export function countTaken({ seq, guard }: Choosing): Query[] {
  const taken = sql`batch = ${seq} AND ${guard}`;
  return [countRows(taken), countRowsAs(taken, { state: "PENDING", reason: "", sign: -1 })];
}

/** Deferred sends are nobody's until they are due. */
export function releaseDeferred({ seq, guard }: Choosing): Query {
  return releaseRows(seq, sql`state = 'PENDING' AND ${guard}`);
}

/** Lets a batch's rows go that `where` selects. */
export function releaseRows(batch: number, where: SQL): Query {
  return sql`UPDATE send SET batch = NULL WHERE batch = ${batch} AND ${where}`;
}

/** Notes on which day sends count against caps; a trigger gives the place back when they do not go out after all. */
export function markCounted(where: SQL, day: number): Query {
  return sql`UPDATE send SET counted_day = ${day} WHERE ${where}`;
}
