import { type SQL, sql } from "drizzle-orm";
import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { enqueueEach } from "../../queue/outbox.ts";
import type { SkipReason } from "../ledger/decision.ts";
import { campaignWake } from "../messages.ts";
import { batchLimit } from "../run/batch-window.ts";
import type { FrozenRun } from "../run/frozen.ts";
import { type Pressure, pressureOn } from "./caps.ts";
import { meetZones } from "./quiet-hours.ts";

export const quietHours: SQL = sql.raw(`'${"QUIET_HOURS" satisfies SkipReason}'`);

/** Whether a send that would wait until `until` still has a time to go out: at the campaign's end it has not. */
export function inTime(until: SQL, endsAt: number | null): SQL {
  return endsAt === null ? sql`1` : sql`${until} < ${endsAt}`;
}

/** A batch that is choosing its members, for as long as `mine` holds. */
interface Choosing {
  readonly seq: number;
  readonly run: number;
  readonly channel: ExternalChannelName;
  readonly takenAt: number;
  readonly endsAt: number | null;
  readonly mine: SQL;
}

/**
 * Takes those in quiet hours out of the sends that a batch would choose from: PENDING until the hours end, then decided again; past the
 * campaign's end SKIPPED. When one of the next ones is quiet, it looks a page ahead, so that a night that falls on a large run does not cost a
 * batch for each handful. Whom nobody can place yet stays ready for a later batch. So whatever a batch meets, fewer are ready after it.
 *
 * The rows that `putOff` touches carry the batch, so that the tally counts them with the batch's own, until `letGo`.
 */
export function quietAside(ctx: Context, choosing: Choosing, { quiet }: Pressure) {
  if (!quiet) return { putOff: [], awake: sql``, letGo: [] };
  const { seq, mine } = choosing;
  return {
    putOff: putOffQuiet(ctx, choosing, quiet.until),
    /** Joins a condition on member `m`. */
    awake: sql` AND ${quiet.until} IS NULL AND ${quiet.isMet}`,
    letGo: [sql`UPDATE send SET batch = NULL WHERE batch = ${seq} AND state = 'PENDING' AND ${mine}`],
  };
}

function putOffQuiet(ctx: Context, { seq, run, channel, takenAt: now, endsAt, mine }: Choosing, until: SQL): Query[] {
  const size = batchLimit(ctx, channel);
  const next = (n: number) => sql`
    SELECT s.member AS member, ${until} AS until FROM ${ready(run, channel, n)} s CROSS JOIN member m ON m.seq = s.member`;
  const anyone = sql`EXISTS (SELECT 1 FROM (${next(size)} WHERE ${mine} LIMIT -1) WHERE until IS NOT NULL)`;
  return [
    sql`
      INSERT INTO send (run, channel, member, state, reason, at, due_at, batch)
      SELECT ${run}, ${channel}, member, CASE WHEN ${inTime(sql`until`, endsAt)} THEN 'PENDING' ELSE 'SKIPPED' END, ${quietHours}, ${now}, until, ${seq}
      FROM (${next(Math.max(size, ctx.settings.pageSize))} WHERE ${anyone} LIMIT -1) WHERE until IS NOT NULL
      ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, at = excluded.at, due_at = excluded.due_at, batch = excluded.batch`,
    wakeUps(run, sql`batch = ${seq} AND state = 'PENDING' AND reason = ${quietHours} AND ${mine}`, now),
  ];
}

/** The next sends of a channel that are ready, in the order in which batches take them. */
function ready(run: number, channel: ExternalChannelName, n: number): SQL {
  return sql`(
    SELECT member FROM send INDEXED BY send_ready
    WHERE run = ${run} AND channel = ${channel} AND state = 'PENDING' AND reason = '' ORDER BY member LIMIT ${n})`;
}

/** Other deliveries choose at the same time: looked at are so many batches' worth of members. */
const sight = 8;

/** What caps and quiet hours say to a batch that is about to choose: with the zones, as they are spelt, of those whom the next ones will choose. */
export async function pressureAhead(
  ctx: Context,
  { run, channel }: Pick<Choosing, "run" | "channel">,
  frozen: FrozenRun,
  now: number,
): Promise<Pressure> {
  const pressure = await pressureOn(ctx, channel, frozen, now);
  if (!pressure.quiet) return pressure;
  const met = await ctx.db.all<{ zone: string }>(sql`
    SELECT DISTINCT m.time_zone AS zone FROM ${ready(run, channel, sight * batchLimit(ctx, channel))} s CROSS JOIN member m ON m.seq = s.member
    WHERE m.time_zone IS NOT NULL`);
  meetZones(met.map(({ zone }) => zone));
  return pressureOn(ctx, channel, frozen, now);
}

/** A wake-up so close may be on its way already, in milliseconds: it is not relied upon. */
const imminentMs = 5_000;

/** A message for each time at which sends among those that `putOff` selects are due, unless there is one. */
export function wakeUps(run: number, putOff: SQL, now: number): Query {
  const subject = sql`${`wake/${run}/`} || until`;
  return enqueueEach(
    campaignWake,
    {
      id: sql`lower(hex(randomblob(16)))`,
      payload: sql`json_object('run', ${run}, 'at', until)`,
      subject,
      notBefore: sql`until`,
    },
    sql`(SELECT DISTINCT due_at AS until FROM send WHERE ${putOff})
      WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subject = ${subject} AND o.not_before > ${now + imminentMs})`,
    now,
  );
}
