import { memberOf } from "../campaign/content/render.ts";
import { beginTry, triedPayload, tryAgain } from "../campaign/delivery/attempt.ts";
import type { HeldBatch } from "../campaign/delivery/batch.ts";
import { deferBatch, recheckAt } from "../campaign/delivery/deferral.ts";
import { type BatchOutcome, endBatch } from "../campaign/delivery/end-batch.ts";
import { freezeBatch } from "../campaign/delivery/freeze.ts";
import { renderBatch } from "../campaign/delivery/render-batch.ts";
import { failedOf, outcomesOf, postponed, unknownOf } from "../campaign/delivery/send-outcome.ts";
import { campaignSettings } from "../campaign/settings.ts";
import { factsOf } from "../channels/catalog.ts";
import type { Envelope } from "../channels/channel.ts";
import { done, type JobContext, type JobResult, retryAfter } from "./job.ts";

/** Sends one batch: freeze, render, keep what is about to be sent, call the provider, record what became of it. */
export async function sendBatch(ctx: JobContext, { batch }: { batch: number }): Promise<JobResult> {
  const freeze = await freezeBatch(ctx, { batch });
  switch (freeze.kind) {
    case "gone":
      return done;
    case "held":
      await recheckAt(ctx, freeze.batch, freeze.until);
      return done;
    case "frozen":
      return firstTry(ctx, freeze.batch);
    case "tried":
      return nextTry(ctx, freeze.batch, freeze.firstTriedAt);
  }
}

async function firstTry(ctx: JobContext, batch: HeldBatch): Promise<JobResult> {
  const { envelopes, failed, left } = await renderBatch(ctx, batch);
  const unrendered = [
    ...failed.map(({ member, reason }) => failedOf(member, reason)),
    ...left.map((member) => postponed(ctx, member)),
  ];
  if (envelopes.length === 0) {
    return ended(ctx, await endBatch(ctx, batch, unrendered));
  }
  const payload = { envelopes, unrendered };
  const mayCall = await beginTry(ctx, batch, await pack(payload), holdMs(ctx, batch));
  return mayCall === "yes" ? call(ctx, batch, payload) : ended(ctx, mayCall === "released");
}

/**
 * The message is done with when its delivery has ended the batch or released it. When another delivery took the batch
 * over it comes again, for that one may die.
 */
function ended(ctx: JobContext, byUs: boolean): JobResult {
  return byUs ? done : retryAfter(campaignSettings.of(ctx).leaseMs / 1000);
}

/** How long a batch is held while its provider is called: longer than the call can take. */
function holdMs(ctx: JobContext, { channel }: HeldBatch): number {
  return Math.max(campaignSettings.of(ctx).leaseMs, ctx.senders[channel].timeoutMs + 1_000);
}

interface Payload {
  readonly envelopes: readonly Envelope[];
  readonly unrendered: readonly BatchOutcome[];
}

/** A batch that was tried before: again unchanged where the provider would recognise it, else nobody can know. */
async function nextTry(ctx: JobContext, batch: HeldBatch, firstTriedAt: number): Promise<JobResult> {
  const payload = unpack(await triedPayload(ctx, batch));
  const hours = factsOf(batch.channel).idempotentHours;
  // An hour of slack: the last retry must reach the provider while it still remembers the first.
  const recognised = ctx.senders[batch.channel].idempotent && ctx.clock() < firstTriedAt + (hours - 1) * 3_600_000;
  if (recognised) {
    const mayCall = await tryAgain(ctx, batch, holdMs(ctx, batch));
    return mayCall === "yes" ? call(ctx, batch, payload) : ended(ctx, mayCall === "released");
  }
  const lost = payload.envelopes.map(({ ref }) => unknownOf(memberOf(ref), "LOST_WHILE_SENDING"));
  return ended(ctx, await endBatch(ctx, batch, [...payload.unrendered, ...lost]));
}

async function call(ctx: JobContext, batch: HeldBatch, { envelopes, unrendered }: Payload): Promise<JobResult> {
  const sender = ctx.senders[batch.channel];
  const outcome = await sender.send({ id: batch.id, envelopes });
  if (outcome.kind === "retry") {
    ctx.log("warn", "channel.retry", { channel: batch.channel, batch: batch.seq, reason: outcome.reason });
    if (sender.idempotent) {
      const off = { words: outcome.reason, waitMs: 1000 * (outcome.afterSeconds ?? 15) };
      return ended(ctx, await deferBatch(ctx, batch, off));
    }
  }
  // A provider that recognises no repeats says "again" only of what it surely did not take: each is free for a later
  // batch.
  const results = outcome.kind === "retry" ? envelopes.map(() => outcome) : outcome.results;
  return ended(ctx, await endBatch(ctx, batch, [...unrendered, ...outcomesOf(ctx, envelopes, results)]));
}

function pack(payload: Payload): Promise<Uint8Array> {
  return Bun.zstdCompress(JSON.stringify(payload), { level: 1 });
}

/** The one cast of a stored payload: only {@link pack} writes it. */
function unpack(bytes: Uint8Array): Payload {
  return JSON.parse(Bun.zstdDecompressSync(bytes).toString()) as Payload;
}
