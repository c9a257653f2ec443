import type { BatchOutcome, SendBatch, SendResult } from "../../src/channels/channel.ts";

/** What two providers did, as they know it themselves; `dice` (0 to 1) decides what becomes of a request. */
export class ModelProviders {
  /** How often each `channel member` was delivered to. */
  readonly delivered = new Map<string, number>();
  readonly #keys = new Set<string>();

  /** Knows a repeated key; an answer may be lost whether or not the batch arrived. */
  email({ id, envelopes }: SendBatch, dice: number): BatchOutcome {
    if (dice >= 0.5) {
      if (dice >= 0.75) this.#accept("EMAIL", envelopes, id);
      return { kind: "retry", afterSeconds: 1, reason: "no answer" };
    }
    this.#accept("EMAIL", envelopes, id);
    return { kind: "results", results: envelopes.map(({ ref }) => ({ kind: "sent", providerId: ref })) };
  }

  #accept(channel: string, envelopes: SendBatch["envelopes"], key: string): void {
    if (this.#keys.has(key)) return;
    if (channel === "EMAIL") this.#keys.add(key);
    for (const { ref } of envelopes) {
      const name = `${channel} ${memberOf(ref)}`;
      this.delivered.set(name, (this.delivered.get(name) ?? 0) + 1);
    }
  }

  sms({ id, envelopes }: SendBatch, dice: number): BatchOutcome {
    const results = envelopes.map((envelope, i): SendResult => {
      const fate = (dice * 5 + i) % 5;
      if (dice > 0 && fate >= 4) return { kind: "retry", afterSeconds: 1, reason: "busy" };
      if (dice > 0 && fate >= 3) return { kind: "failed", reason: "wrong number" };
      this.#accept("SMS", [envelope], `${id}/${i}`);
      if (dice > 0 && fate >= 2) return { kind: "unknown", reason: "no answer" };
      return { kind: "sent", providerId: envelope.ref };
    });
    return { kind: "results", results };
  }
}

/** The member whom an envelope is for. */
export function memberOf(ref: string): number {
  return Number(ref.split(":")[1]);
}
