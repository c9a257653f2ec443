import type { ChannelName } from "../../channels/catalog.ts";
import type { StandingRefusal } from "../delivery/refusal.ts";
import type { LedgerChannel } from "../ledger/channel.ts";
import { lastSendStates, type SendState } from "../ledger/send-state.ts";

/** The rows of the ledger for one thing that a run does for each member. */
export interface SendCounts {
  readonly counts: Readonly<Record<SendState, number>>;
  /** Why sends were skipped, failed, deferred or are unknown; largest first. */
  readonly reasons: readonly { readonly state: SendState; readonly reason: string; readonly n: number }[];
}

/** How far a run is on one channel. */
export interface ChannelProgress extends SendCounts {
  readonly channel: ChannelName;
  /** What its provider says while it puts sends off; null while it takes them. */
  readonly refusal: StandingRefusal | null;
}

/** One count of a run, as it is kept. */
export interface CountRow {
  readonly run: number;
  readonly channel: LedgerChannel;
  readonly state: SendState;
  readonly reason: string;
  readonly n: number;
}

export function sendCounts(rows: readonly CountRow[]): SendCounts {
  const counts = { PENDING: 0, SENDING: 0, SENT: 0, FAILED: 0, SKIPPED: 0, CANCELLED: 0, UNKNOWN: 0 };
  for (const { state, n } of rows) counts[state] += n;
  const reasons = rows
    .filter(({ reason }) => reason !== "")
    .map(({ state, reason, n }) => ({ state, reason, n }))
    .sort((a, b) => b.n - a.n || a.reason.localeCompare(b.reason));
  return { counts, reasons };
}

/** Sends in one of their last states. */
export function doneOf(all: readonly SendCounts[]): number {
  return all.reduce((sum, { counts }) => sum + lastSendStates.reduce((n, state) => n + counts[state], 0), 0);
}

/** Whether some of them wait for a time, such as the end of quiet hours. */
export function areDeferred(all: readonly SendCounts[], why?: string): boolean {
  return all.some(({ reasons }) =>
    reasons.some(({ state, reason }) => state === "PENDING" && (why === undefined || reason === why)),
  );
}
