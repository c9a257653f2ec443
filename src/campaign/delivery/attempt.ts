import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { enqueue } from "../../queue/outbox.ts";
import { channelSend } from "../messages.ts";
import type { HeldBatch } from "./batch.ts";
import { dissolve } from "./freeze.ts";

/** Consent is as old as the freeze: the first call must follow within this time, or the batch is decided again. */
const freshMs = 2_000;

/**
 * Whether the provider may be called; `lost` when another delivery has taken the batch over, perhaps one of the same
 * message.
 */
export type MayCall = "yes" | "released" | "lost";

/**
 * Keeps what is about to be sent and says that it may have been: from here on the batch is never sent with other
 * members or another payload. The lease is held for `holdMs` more. When the run was paused or cancelled, or the
 * decision about consent is stale, nothing may be sent and the batch is released: a stale one with a message of its
 * own, which decides again, a paused one until resuming.
 */
export async function beginTry(ctx: Context, batch: HeldBatch, payload: Uint8Array, holdMs: number): Promise<MayCall> {
  const now = ctx.clock();
  const isFresh = () => ctx.clock() - batch.takenAt <= freshMs;
  const [begun, , released] = await ctx.db.write([
    sql`
      UPDATE batch SET state = 'TRIED', payload = ${payload}, first_tried_at = ${now}, lease_until = ${now + holdMs}
      WHERE ${mine(batch, "FROZEN")} AND ${isFresh() ? 1 : 0} AND ${running(batch)}`,
    ...decideAgain(ctx, batch, "FROZEN"),
  ]);
  // The commit itself may have had to wait for too long; nothing was sent yet.
  if (begun?.rowsAffected !== 1 || isFresh()) return givenBack(ctx, batch, mayCall(begun, released));
  const [, untried] = await ctx.db.write(decideAgain(ctx, batch, "TRIED"));
  return givenBack(ctx, batch, mayCall(undefined, untried));
}

/** Whom a released batch had chosen is not with the provider: nobody is told so, however long the run is paused. */
async function givenBack(ctx: Context, batch: HeldBatch, answer: MayCall): Promise<MayCall> {
  if (answer === "released") await ctx.db.write(dissolve(batch, ctx.clock()));
  return answer;
}

/** Holds a tried batch for `holdMs` more, for the same call again; releases it when the run was paused or cancelled. */
export async function tryAgain(ctx: Context, batch: HeldBatch, holdMs: number): Promise<MayCall> {
  const [begun, released] = await ctx.db.write([
    sql`UPDATE batch SET lease_until = ${ctx.clock() + holdMs} WHERE ${mine(batch, "TRIED")} AND ${running(batch)}`,
    sql`UPDATE batch SET lease_until = 0 WHERE ${mine(batch, "TRIED")} AND NOT ${running(batch)}`,
  ]);
  return mayCall(begun, released);
}

/** The payload of a tried batch. */
export async function triedPayload(ctx: Context, batch: HeldBatch): Promise<Uint8Array> {
  const row = await ctx.db.first<{ payload: ArrayBuffer | null }>(
    sql`SELECT payload FROM batch WHERE seq = ${batch.seq}`,
  );
  if (!row?.payload) throw new Error(`batch ${batch.seq} was tried and has no payload`);
  return new Uint8Array(row.payload);
}

/**
 * Releases a batch that was not sent: its members are chosen again, by a message of its own while the run is running.
 */
function decideAgain(ctx: Context, batch: HeldBatch, state: "FROZEN" | "TRIED"): Query[] {
  const message = channelSend.of({ batch: batch.seq }, { flow: batch.channel });
  const there = sql`EXISTS (SELECT 1 FROM batch WHERE ${mine(batch, state)})`;
  return [
    enqueue(ctx, [message], sql`${running(batch)} AND ${there}`),
    sql`
      UPDATE batch SET state = 'FROZEN', payload = NULL, first_tried_at = NULL, lease_until = 0
      WHERE ${mine(batch, state)}`,
  ];
}

function mine({ seq, lease }: HeldBatch, state: "FROZEN" | "TRIED"): SQL {
  return sql`seq = ${seq} AND lease = ${lease} AND state = ${state}`;
}

function running({ run }: HeldBatch): SQL {
  return sql`EXISTS (SELECT 1 FROM run WHERE id = ${run} AND state = 'RUNNING')`;
}

function mayCall(begun: ResultSet | undefined, released: ResultSet | undefined): MayCall {
  if (begun?.rowsAffected === 1) return "yes";
  return released?.rowsAffected === 1 ? "released" : "lost";
}
