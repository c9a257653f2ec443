import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { enqueueEach } from "../../queue/outbox.ts";
import { type Choosing, deferReady, nextReady, releaseDeferred } from "../ledger/batch-rows.ts";
import { reasonText } from "../ledger/skip-reason.ts";
import { campaignWake } from "../messages.ts";
import { campaignSettings } from "../settings.ts";
import { type ChannelCaps, capsOn } from "./caps.ts";
import { registerZones } from "./quiet-hours.ts";

/** What quiet hours do to a batch that is choosing its members. */
export interface Deferral {
  /** Before it chooses. */
  readonly defer: readonly Query[];
  /** Joins a condition on member `m`: whom it may choose. */
  readonly awake: SQL;
  /** After its counts. */
  readonly release: readonly Query[];
}

/**
 * Takes those in quiet hours out of the sends that a batch would choose from: PENDING until the hours end, then decided
 * again; past the campaign's end SKIPPED. Whom nobody can place yet stays ready for a later batch. So whatever a batch
 * meets, fewer are ready after it.
 */
export function quietHoursDeferral(ctx: Context, choosing: Choosing, { quiet }: ChannelCaps): Deferral {
  if (!quiet) return { defer: [], awake: sql``, release: [] };
  const { seq, run, guard } = choosing;
  const deferred = sql`batch = ${seq} AND state = 'PENDING' AND reason = ${reasonText("QUIET_HOURS")} AND ${guard}`;
  return {
    defer: [
      deferReady(choosing, { until: quiet.until, ahead: campaignSettings.of(ctx).pageSize }),
      wakeUps(ctx, run, deferred),
    ],
    awake: sql` AND ${quiet.until} IS NULL AND ${quiet.isKnown}`,
    release: [releaseDeferred(choosing)],
  };
}

/** Other deliveries choose at the same time: looked at are so many batches' worth of members. */
const batchesAhead = 8;

/**
 * What caps and quiet hours say to a batch that is about to choose: with the zones, as they are spelt, of those whom it
 * and the next ones will choose.
 */
export async function capsAhead(
  ctx: Context,
  batch: Pick<Choosing, "run" | "channel" | "limit">,
  frozen: Parameters<typeof capsOn>[2],
  now: number,
): Promise<ChannelCaps> {
  const caps = await capsOn(ctx, batch.channel, frozen, now);
  if (!caps.quiet) return caps;
  const found = await ctx.db.all<{ zone: string }>(sql`
    SELECT DISTINCT m.time_zone AS zone FROM ${nextReady(batch, batchesAhead * batch.limit)} s
      CROSS JOIN member m ON m.seq = s.member
    WHERE m.time_zone IS NOT NULL`);
  registerZones(found.map(({ zone }) => zone));
  return capsOn(ctx, batch.channel, frozen, now);
}

/** A wake-up so close may be on its way already, in milliseconds: it is not relied upon. */
const imminentMs = 5_000;

/** A message for each time at which the sends that `deferred` selects are due, unless there is one. */
export function wakeUps(ctx: Context, run: number, deferred: SQL): Query {
  const subject = sql`${`wake/${run}/`} || until`;
  return enqueueEach(
    ctx,
    campaignWake,
    {
      key: sql`until`,
      payload: sql`json_object('run', ${run}, 'at', until)`,
      subject,
      notBefore: sql`until`,
    },
    sql`(SELECT DISTINCT due_at AS until FROM send WHERE ${deferred})
      WHERE NOT EXISTS (
        SELECT 1 FROM outbox o WHERE o.subject = ${subject} AND o.not_before > ${ctx.clock() + imminentMs})`,
  );
}
