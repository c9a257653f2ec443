import {
  beginTry,
  freezeBatch,
  type HeldBatch,
  type Settlement,
  settleBatch,
  triedPayload,
} from "../campaign/batch.ts";
import { deferBatch } from "../campaign/deferral.ts";
import { channelSend } from "../campaign/messages.ts";
import { parkBatch, unparkBatch } from "../campaign/parking.ts";
import { memberOf, renderBatch } from "../campaign/render.ts";
import { settlementsOf, unknownOf } from "../campaign/settlement.ts";
import { factsOf } from "../channels/catalog.ts";
import type { Envelope } from "../channels/channel.ts";
import { defineJob, done, type JobContext, type JobResult, retryAfter } from "./job.ts";

/** Sends one batch: freeze, render, keep what is about to be sent, call the provider, record what became of it. */
export const channelSendJob = defineJob(
  channelSend,
  async (ctx, { batch }) => {
    const freeze = await freezeBatch(ctx, { batch });
    switch (freeze.kind) {
      case "gone":
        return done;
      case "held":
        return retryAfter((freeze.until - ctx.clock()) / 1000);
      case "frozen":
        return firstTry(ctx, freeze.batch);
      case "tried":
        return nextTry(ctx, freeze.batch, freeze);
    }
  },
  { park: parkBatch, unpark: unparkBatch },
);

async function firstTry(ctx: JobContext, batch: HeldBatch): Promise<JobResult> {
  const { envelopes, failed } = await renderBatch(ctx, batch);
  const unrendered = failed.map(
    ({ member, reason }): Settlement => ({ member, state: "FAILED", reason, providerId: null, dueAt: null }),
  );
  if (envelopes.length === 0) {
    await settleBatch(ctx, batch, unrendered);
    return done;
  }
  const tried = await beginTry(ctx, batch, pack({ envelopes, unrendered }));
  if (!tried) return done; // paused, cancelled, or too slow: whoever takes it up decides afresh
  return call(ctx, batch, { envelopes, unrendered });
}

interface Payload {
  readonly envelopes: readonly Envelope[];
  readonly unrendered: readonly Settlement[];
}

/** A batch that was tried before: again unchanged where the provider would recognise it, else nobody can know. */
async function nextTry(
  ctx: JobContext,
  batch: HeldBatch,
  { firstTriedAt, runState }: { firstTriedAt: number; runState: string },
): Promise<JobResult> {
  const payload = unpack(await triedPayload(ctx, batch));
  const hours = factsOf(batch.channel).idempotentHours;
  // An hour of slack: the last retry must reach the provider while it still remembers the first.
  const recognised = ctx.senders[batch.channel].idempotent && ctx.clock() < firstTriedAt + (hours - 1) * 3_600_000;
  if (recognised && runState === "RUNNING") return call(ctx, batch, payload);
  const lost = payload.envelopes.map(({ ref }) => unknownOf(memberOf(ref), "LOST_WHILE_SENDING"));
  await settleBatch(ctx, batch, [...payload.unrendered, ...lost]);
  return done;
}

async function call(ctx: JobContext, batch: HeldBatch, { envelopes, unrendered }: Payload): Promise<JobResult> {
  const sender = ctx.senders[batch.channel];
  const outcome = await sender.send({ id: batch.id, envelopes });
  if (outcome.kind === "retry") {
    ctx.log("warn", "channel.retry", { channel: batch.channel, batch: batch.seq, reason: outcome.reason });
    await deferBatch(ctx, batch, ctx.clock() + 1000 * (outcome.afterSeconds ?? 15));
    return done;
  }
  await settleBatch(ctx, batch, [...unrendered, ...settlementsOf(ctx, envelopes, outcome.results)]);
  return done;
}

function pack(payload: Payload): Uint8Array {
  return Bun.zstdCompressSync(JSON.stringify(payload), { level: 1 });
}

/** The one cast of a stored payload: only {@link pack} writes it. */
function unpack(bytes: Uint8Array): Payload {
  return JSON.parse(Bun.zstdDecompressSync(bytes).toString()) as Payload;
}
