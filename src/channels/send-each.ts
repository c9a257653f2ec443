import type { BatchOutcome, Envelope, SendBatch, SendResult } from "./channel.ts";

export interface RowPace {
  /** Rows under way at once. */
  readonly width: number;
  /** The longest the whole batch may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The longest one row may take. */
  readonly rowTimeoutMs: number;
}

/**
 * Sends a batch one request a row, for providers that recognise no repeats. Once the provider turns a row away for now, or
 * time is short, the rows not yet begun are left for another try: surely not accepted.
 */
export async function sendByRow(
  { envelopes }: SendBatch,
  { width, timeoutMs, rowTimeoutMs }: RowPace,
  sendRow: (envelope: Envelope, signal: AbortSignal) => Promise<SendResult>,
): Promise<BatchOutcome> {
  const rowMs = Math.min(rowTimeoutMs, timeoutMs / 2);
  const lastStart = performance.now() + timeoutMs - rowMs;
  const results: SendResult[] = [];
  const rows = envelopes.entries();
  let turnedAway: (SendResult & { kind: "retry" }) | undefined;
  const worker = async () => {
    for (const [index, envelope] of rows) {
      if (!turnedAway && performance.now() > lastStart)
        turnedAway = { kind: "retry", reason: "there was no time left for it" };
      const result = turnedAway ?? (await sendRow(envelope, AbortSignal.timeout(rowMs)).catch(() => unheard));
      if (result.kind === "retry") turnedAway ??= result;
      results[index] = result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, envelopes.length) }, worker));
  return { kind: "results", results };
}

const unheard: SendResult = { kind: "unknown", reason: "it broke off while being sent" };
