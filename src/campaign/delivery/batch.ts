import type { ExternalChannelName } from "../../channels/catalog.ts";

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
