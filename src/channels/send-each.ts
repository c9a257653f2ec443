import type { Timers } from "../world.ts";
import type { BatchOutcome, Envelope, SendBatch, SendResult } from "./channel.ts";

export interface SendPace {
  /** Envelopes under way at once. */
  readonly width: number;
  /** The longest the whole batch may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The longest one envelope may take. */
  readonly envelopeTimeoutMs: number;
  readonly timers: Timers;
}

/**
 * Sends a batch one request an envelope, for providers that recognise no repeats. Once the provider turns a row away
 * for now, or time is short, the envelopes not yet begun are left for another try: surely not accepted.
 */
export async function sendEach(
  { envelopes }: SendBatch,
  { width, timeoutMs, envelopeTimeoutMs, timers }: SendPace,
  sendOne: (envelope: Envelope, signal: AbortSignal) => Promise<SendResult>,
): Promise<BatchOutcome> {
  const envelopeMs = Math.min(envelopeTimeoutMs, timeoutMs / 2);
  const lastStart = timers.now() + timeoutMs - envelopeMs;
  const results: SendResult[] = [];
  const queue = envelopes.entries();
  let turnedAway: (SendResult & { kind: "retry" }) | undefined;
  const worker = async () => {
    for (const [index, envelope] of queue) {
      if (!turnedAway && timers.now() > lastStart)
        turnedAway = { kind: "retry", reason: "there was no time left for it" };
      const result = turnedAway ?? (await sendOne(envelope, AbortSignal.timeout(envelopeMs)).catch(() => unheard));
      if (result.kind === "retry") turnedAway ??= result;
      results[index] = result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, envelopes.length) }, worker));
  return { kind: "results", results };
}

const unheard: SendResult = { kind: "unknown", reason: "it broke off while being sent" };
