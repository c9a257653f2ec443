import { sql } from "drizzle-orm";
import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { type ChannelCaps, takePlaces, withCaps } from "../caps/caps.ts";
import { capsAhead, quietHoursDeferral } from "../caps/quiet-hours-deferral.ts";
import { countTaken, releaseRows, takeReady } from "../ledger/batch-rows.ts";
import { skipReason } from "../ledger/decision.ts";
import { moveSends } from "../ledger/move-sends.ts";
import { batchLimit } from "../run/batch-window.ts";
import { decisionFacts, type FrozenRun, frozenRun } from "../run/frozen.ts";
import { campaignSettings } from "../settings.ts";
import type { HeldBatch } from "./batch.ts";

export type Freeze =
  /** Members are chosen and held; nothing has been tried. */
  | { readonly kind: "frozen"; readonly batch: HeldBatch }
  /** An earlier delivery tried it and did not live to say what became of it. */
  | { readonly kind: "tried"; readonly batch: HeldBatch; readonly firstTriedAt: number }
  /** Another delivery holds it until then (ms), perhaps dead, or it was deferred. */
  | { readonly kind: "held"; readonly batch: Pick<HeldBatch, "seq" | "channel">; readonly until: number }
  /** Finished, parked, or its run is paused or over. */
  | { readonly kind: "gone" };

/**
 * Takes a batch for this delivery. An open batch chooses its members now: the next ready sends, less those whom
 * consent, address, suppression and caps exclude at this moment – the decision and the choice are one commit. A batch
 * that an earlier delivery froze but never tried is dissolved and chosen afresh; one that was tried keeps its members
 * and its payload.
 */
export async function freezeBatch(ctx: Context, input: { batch: number }): Promise<Freeze> {
  const row = await findBatch(ctx, input.batch);
  if (!row) return { kind: "gone" };
  const now = ctx.clock();
  const { seq, id, run, channel } = row;
  const frozen = await frozenRun(ctx, run);
  const held: HeldBatch = { seq, id, run, channel, lease: ctx.id(), takenAt: now };
  const caps = await capsAhead(ctx, { run, channel, limit: batchLimit(ctx, channel) }, frozen, now);
  await ctx.db.write([...dissolve(held, now), ...take(ctx, held, frozen, caps)]);
  return outcome(ctx, held);
}

interface BatchRow {
  readonly seq: number;
  readonly id: string;
  readonly run: number;
  readonly channel: ExternalChannelName;
  readonly state: string;
  readonly lease: string | null;
  readonly lease_until: number;
  readonly first_tried_at: number | null;
}

function findBatch(ctx: Context, seq: number): Promise<BatchRow | undefined> {
  return ctx.db.first<BatchRow>(sql`
    SELECT seq, id, run, channel, state, lease, lease_until, first_tried_at FROM batch WHERE seq = ${seq}`);
}

/**
 * Gives the members of a batch that was frozen, but not tried in time, back: whom it skipped it does not count again.
 */
export function dissolve({ seq }: Pick<HeldBatch, "seq">, now: number): Query[] {
  const stale = sql`EXISTS (
    SELECT 1 FROM batch WHERE seq = ${seq} AND state = 'FROZEN' AND lease_until <= ${now})`;
  return [
    ...moveSends({ where: sql`batch = ${seq} AND state = 'SENDING' AND ${stale}`, to: "PENDING", now }),
    releaseRows(seq, stale),
    sql`UPDATE batch SET state = 'OPEN' WHERE seq = ${seq} AND ${stale}`,
  ];
}

/**
 * The lease has another name while the members are chosen: when the database's answer was lost and the same statements
 * are run again, they find it no more, and choose and count nobody twice.
 */
function take(ctx: Context, held: HeldBatch, frozen: FrozenRun, caps: ChannelCaps): Query[] {
  const { seq, run, channel, lease, takenAt: now } = held;
  const until = now + campaignSettings.of(ctx).leaseMs;
  const choosing = `choosing/${lease}`;
  const guard = sql`EXISTS (SELECT 1 FROM batch WHERE seq = ${seq} AND state = 'FROZEN' AND lease = ${choosing})`;
  const choice = { seq, run, channel, limit: batchLimit(ctx, channel), endsAt: frozen.endsAt, now, guard };
  const reason = withCaps(skipReason(channel, decisionFacts(frozen, now), now), caps);
  const { defer, awake, release } = quietHoursDeferral(ctx, choice, caps);
  return [
    sql`
      UPDATE batch SET lease = ${choosing}, lease_until = ${until}, tries = tries + 1,
        frozen_at = CASE state WHEN 'OPEN' THEN ${now} ELSE frozen_at END,
        state = CASE state WHEN 'OPEN' THEN 'FROZEN' ELSE state END
      WHERE seq = ${seq} AND state IN ('OPEN', 'TRIED') AND lease_until <= ${now}
        AND EXISTS (SELECT 1 FROM run WHERE id = ${run}
          AND (state = 'RUNNING' OR (state = 'CANCELLING' AND batch.state = 'TRIED')))`,
    ...defer,
    takeReady(choice, { reason, awake }),
    ...takePlaces(sql`batch = ${seq} AND ${guard} AND state = 'SENDING'`, caps),
    ...countTaken(choice),
    ...release,
    sql`UPDATE batch SET lease = ${lease} WHERE seq = ${seq} AND lease = ${choosing}`,
  ];
}

async function outcome(ctx: Context, held: HeldBatch): Promise<Freeze> {
  const row = await findBatch(ctx, held.seq);
  if (!row || row.state === "DONE" || row.state === "PARKED") return { kind: "gone" };
  if (row.lease !== held.lease) {
    return row.lease_until > held.takenAt ? { kind: "held", batch: row, until: row.lease_until } : { kind: "gone" };
  }
  if (row.state === "FROZEN") return { kind: "frozen", batch: held };
  return { kind: "tried", batch: held, firstTriedAt: row.first_tried_at ?? 0 };
}
