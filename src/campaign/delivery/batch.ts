import { type SQL, sql } from "drizzle-orm";
import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import { enqueue } from "../../queue/outbox.ts";
import { type Pressure, takePlaces, withCaps } from "../caps/caps.ts";
import { pressureAhead, quietAside } from "../caps/quiet-hours-deferral.ts";
import { forgetTokens, settleProven } from "../feedback/feedback.ts";
import { countIntoTally, moveTally } from "../ledger/counts.ts";
import { skipReason } from "../ledger/decision.ts";
import { campaignWake } from "../messages.ts";
import { batchLimit, openBatches } from "../run/batch-window.ts";
import { completeRun } from "../run/completion.ts";
import { type FrozenRun, frozenRun } from "../run/frozen.ts";

/** A batch held by one delivery: whoever knows the lease, and nobody else, may record what became of it. */
export interface HeldBatch {
  readonly seq: number;
  readonly id: string;
  readonly run: number;
  readonly channel: ExternalChannelName;
  readonly lease: string;
  /** When this delivery took it (ms): its members' consent was asked no earlier. */
  readonly takenAt: number;
}

export type Freeze =
  /** Members are chosen and held; nothing has been tried. */
  | { readonly kind: "frozen"; readonly batch: HeldBatch }
  /** An earlier delivery tried it and did not live to say what became of it. */
  | { readonly kind: "tried"; readonly batch: HeldBatch; readonly firstTriedAt: number }
  /** Another delivery holds it until then (ms), perhaps dead, or it was put off. */
  | { readonly kind: "held"; readonly batch: Pick<HeldBatch, "seq" | "channel">; readonly until: number }
  /** Finished, parked, or its run is paused or over. */
  | { readonly kind: "gone" };

/**
 * Takes a batch for this delivery. An open batch chooses its members now: the next ready sends, less those whom consent, address or
 * suppression and pressure exclude at this moment – the decision and the choice are one commit. A batch that an earlier
 * delivery froze but never tried is dissolved and chosen afresh; one that was tried keeps its members and its payload.
 */
export async function freezeBatch(ctx: Context, input: { batch: number }): Promise<Freeze> {
  const row = await findBatch(ctx, input.batch);
  if (!row) return { kind: "gone" };
  const now = ctx.clock();
  const frozen = await frozenRun(ctx, row.run);
  const lease = Bun.randomUUIDv7();
  const held: HeldBatch = { seq: row.seq, id: row.id, run: row.run, channel: row.channel, lease, takenAt: now };
  const pressure = await pressureAhead(ctx, held, frozen, now);
  await ctx.db.write([...dissolve(held, now), ...take(ctx, held, frozen, pressure)]);
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

/** Gives the members of a batch that was frozen, but not tried in time, back to the ready ones. */
function dissolve({ seq }: HeldBatch, now: number) {
  const stale = sql`EXISTS (SELECT 1 FROM batch WHERE seq = ${seq} AND state = 'FROZEN' AND lease_until <= ${now})`;
  const members = sql`batch = ${seq} AND state = 'SENDING' AND ${stale}`;
  return [
    countIntoTally(members, -1),
    sql`UPDATE send SET state = 'PENDING' WHERE ${members}`,
    countIntoTally(sql`batch = ${seq} AND state = 'PENDING' AND ${stale}`),
    sql`UPDATE send SET batch = NULL WHERE batch = ${seq} AND ${stale}`,
    sql`UPDATE batch SET state = 'OPEN' WHERE seq = ${seq} AND ${stale}`,
  ];
}

/**
 * The lease has another name while the members are chosen: when the database's answer was lost and the same statements are run again, they find
 * it no more, and choose and count nobody twice.
 */
function take(ctx: Context, held: HeldBatch, frozen: FrozenRun, pressure: Pressure) {
  const { seq, run, channel, lease, takenAt: now } = held;
  const until = now + ctx.settings.leaseMs;
  const choosing = `choosing/${lease}`;
  const mine = sql`EXISTS (SELECT 1 FROM batch WHERE seq = ${seq} AND state = 'FROZEN' AND lease = ${choosing})`;
  const chosen = sql`batch = ${seq} AND ${mine}`;
  const reason = withCaps(skipReason(channel, frozen, now), pressure);
  const { putOff, awake, letGo } = quietAside(ctx, { ...held, mine, endsAt: frozen.endsAt }, pressure);
  return [
    sql`
      UPDATE batch SET lease = ${choosing}, lease_until = ${until}, tries = tries + 1,
        frozen_at = CASE state WHEN 'OPEN' THEN ${now} ELSE frozen_at END, state = CASE state WHEN 'OPEN' THEN 'FROZEN' ELSE state END
      WHERE seq = ${seq} AND state IN ('OPEN', 'TRIED') AND lease_until <= ${now}
        AND EXISTS (SELECT 1 FROM run WHERE id = ${run}
          AND (state = 'RUNNING' OR (state = 'CANCELLING' AND batch.state = 'TRIED')))`,
    ...putOff,
    sql`
      UPDATE send SET batch = ${seq}, at = ${now}, reason = coalesce(d.skip, ''),
        state = CASE WHEN d.skip IS NULL THEN 'SENDING' ELSE 'SKIPPED' END
      FROM (SELECT s.member AS member, ${reason} AS skip
            FROM (SELECT member FROM send INDEXED BY send_ready
                  WHERE run = ${run} AND channel = ${channel} AND state = 'PENDING' AND reason = ''
                  ORDER BY member LIMIT ${batchLimit(ctx, channel)}) s
            JOIN member m ON m.seq = s.member WHERE ${mine}${awake}) d
      WHERE send.run = ${run} AND send.channel = ${channel} AND send.member = d.member`,
    ...takePlaces(sql`${chosen} AND state = 'SENDING'`, pressure),
    countIntoTally(chosen),
    sql`
      INSERT INTO tally (run, channel, state, reason, n)
      SELECT ${run}, ${channel}, 'PENDING', '', -count(*) FROM send WHERE ${chosen}
      ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    ...letGo,
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

/** What became of one member of a batch. */
export interface Settlement {
  readonly member: number;
  readonly state: "SENT" | "FAILED" | "UNKNOWN" | "PENDING";
  readonly reason: string;
  readonly providerId: string | null;
  /** For PENDING: when it may be tried again (ms). */
  readonly dueAt: number | null;
  /** Push tokens that the provider no longer knows. */
  readonly goneTokens?: readonly string[];
}

/**
 * Records a batch's results as the holder of its lease, ends the batch and opens its successors. Without the lease it
 * changes nothing and answers false: someone else has taken over.
 */
export async function settleBatch(ctx: Context, batch: HeldBatch, results: readonly Settlement[]): Promise<boolean> {
  const now = ctx.clock();
  const mine = sql`EXISTS (SELECT 1 FROM batch WHERE seq = ${batch.seq} AND lease = ${batch.lease} AND state IN ('FROZEN', 'TRIED'))`;
  const ended = sql`EXISTS (SELECT 1 FROM batch WHERE seq = ${batch.seq} AND lease = ${batch.lease} AND state = 'DONE')`;
  const answers = await ctx.db.write([
    recordResults(batch, results, mine, now),
    moveTally(batch.run, tallyOf(batch, results), mine),
    sql`
      UPDATE batch SET state = 'DONE', payload = NULL WHERE seq = ${batch.seq} AND lease = ${batch.lease} AND state IN ('FROZEN', 'TRIED')`,
    ...forgetTokens(
      results.flatMap(({ goneTokens = [] }) => goneTokens),
      ended,
    ),
    ...provenOf(batch, results, now),
    ...wakeFor(batch.run, results, now, ended),
    ...openBatches(ctx, batch.run, batch.channel, 2 * batchLimit(ctx, batch.channel)),
    ...completeRun(batch.run, now),
  ]);
  return answers[2]?.rowsAffected === 1;
}

/** Of sends that nobody answered for, those whose provider has told of them meanwhile were accepted. */
function provenOf({ seq }: HeldBatch, results: readonly Settlement[], now: number) {
  const anyUnknown = results.some(({ state }) => state === "UNKNOWN");
  return anyUnknown ? settleProven(sql`batch = ${seq} AND progress > 0`, now) : [];
}

/** One message for the time at which the last of the put-off sends is due again. */
function wakeFor(run: number, results: readonly Settlement[], now: number, ended: SQL) {
  const due = results.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]));
  const at = Math.max(...due);
  return due.length === 0 ? [] : [enqueue([campaignWake.of({ run, at }, { notBefore: at })], now, ended)];
}

/**
 * Looks every member up in the ledger's key and writes it back. An upsert, for SQLite would run an UPDATE … FROM the other way round: through
 * the whole ledger of the run, for each batch.
 */
function recordResults({ seq, run, channel }: HeldBatch, results: readonly Settlement[], mine: SQL, now: number): SQL {
  return sql`
    INSERT INTO send (run, channel, member, state, reason, at, due_at, tries, batch, provider_id)
    SELECT s.run, s.channel, s.member, ${field("state")}, ${field("reason")}, ${now}, ${field("dueAt")}, s.tries + 1,
      CASE ${field("state")} WHEN 'PENDING' THEN NULL ELSE s.batch END, coalesce(${field("providerId")}, s.provider_id)
    FROM ${rows(results)} CROSS JOIN send s ON s.run = ${run} AND s.channel = ${channel} AND s.member = ${field("member")}
    WHERE s.batch = ${seq} AND s.state = 'SENDING' AND ${mine}
    ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, at = excluded.at, due_at = excluded.due_at,
      tries = excluded.tries, batch = excluded.batch, provider_id = excluded.provider_id`;
}

function tallyOf(batch: HeldBatch, results: readonly Settlement[]) {
  const counts = new Map<string, { channel: string; state: string; reason: string; n: number }>();
  for (const { state, reason } of results) {
    const key = `${state}:${reason}`;
    const entry = counts.get(key) ?? { channel: batch.channel, state, reason, n: 0 };
    counts.set(key, { ...entry, n: entry.n + 1 });
  }
  return [...counts.values(), { channel: batch.channel, state: "SENDING", reason: "", n: -results.length }];
}

/** Where a batch's members are, with what their messages need; used once, right after the freeze. */
export function batchMembers<Row>(ctx: Context, batch: HeldBatch, columns: SQL): Promise<Row[]> {
  return ctx.db.all<Row>(sql`
    SELECT ${columns} FROM send s JOIN member m ON m.seq = s.member
    WHERE s.batch = ${batch.seq} AND s.state = 'SENDING' ORDER BY s.member`);
}
