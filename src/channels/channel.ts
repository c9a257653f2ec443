import type { World } from "../world.ts";
import type { ChannelFacts, ExternalChannelName, Limits } from "./catalog.ts";

/**
 * One recipient of a batch, rendered and addressed: everything a provider needs, and nothing that may change between
 * tries.
 */
export interface Envelope {
  /**
   * `run:member`, unique within the channel; the provider hands it back in webhooks (tag, custom argument or status
   * callback).
   */
  readonly ref: string;
  /** The address: one e-mail address or phone number; for push, every token of the member. */
  readonly to: readonly string[];
  /** Rendered parts of the channel's content, by the names in the catalog. */
  readonly parts: Readonly<Record<string, string>>;
  /** For channels with one-click unsubscribe: the URL that acts on POST and shows on GET. */
  readonly unsubscribeUrl?: string;
}

export interface SendBatch {
  /** The batch's id: the provider's idempotency key where it has one. Globally unique. */
  readonly id: string;
  readonly envelopes: readonly Envelope[];
}

/** What became of one envelope. */
export type SendResult =
  | {
      readonly kind: "sent";
      readonly providerId: string /** push tokens the provider no longer knows */;
      readonly goneTokens?: readonly string[];
    }
  | { readonly kind: "failed"; readonly reason: string; readonly goneTokens?: readonly string[] }
  /** The provider surely did not accept it, and may later. */
  | { readonly kind: "retry"; readonly afterSeconds?: number; readonly reason: string }
  /** Nobody can say whether it was accepted: never repeated by itself. */
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * What became of a batch: one result per envelope in the envelopes' order, or one answer for all of it.
 * An idempotent channel answers `retry` for everything ambiguous (time-outs, resets, 5xx): the same batch with the
 * same id is then tried again, unchanged. A channel without idempotency answers `unknown` per envelope instead.
 */
export type BatchOutcome =
  | { readonly kind: "results"; readonly results: readonly SendResult[] }
  | { readonly kind: "retry"; readonly afterSeconds?: number; readonly reason: string };

/** A channel that leaves the building. Senders never throw for what a provider answers or fails to answer. */
export interface Sender {
  readonly name: ExternalChannelName;
  /** Whether a batch repeated with its id is recognised by the provider (see `idempotentHours` in the catalog). */
  readonly idempotent: boolean;
  readonly limits: Limits;
  /** The longest one call of {@link send} may take, in milliseconds; the lease on a batch outlasts it. */
  readonly timeoutMs: number;
  send(batch: SendBatch): Promise<BatchOutcome>;
}

/** What a sender takes from the world when it is made. */
export type SenderWorld = Pick<World, "clock" | "timers">;

export type Senders = Readonly<Record<ExternalChannelName, Sender>>;
export type { ChannelFacts, ExternalChannelName, Limits };
