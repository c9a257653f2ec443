import { isExternal } from "../../channels/catalog.ts";
import type { FrozenAction } from "../action/define.ts";
import type { StandingRefusal } from "../delivery/refusal.ts";
import { type LedgerChannel, rewardChannel } from "../ledger/channel.ts";
import { progressRanks } from "../ledger/progress-rank.ts";
import type { SendState } from "../ledger/send-state.ts";
import type { RunState } from "../state.ts";
import { reasonWords } from "./reason-words.ts";

/** A row of the ledger, as it is told of. */
export interface LedgerRow {
  readonly channel: LedgerChannel;
  readonly state: SendState;
  readonly reason: string;
  readonly at: number;
  readonly due_at: number | null;
  readonly provider_id: string | null;
  readonly progress: number;
  readonly batch_state: string | null;
  /** What the provider says, while it puts the row's batch, or others of its channel, off. */
  readonly refusal?: StandingRefusal | undefined;
}

/** What a row of the ledger means, in words for an operator. */
export function outcomeText(row: LedgerRow, run: RunState, { gives }: FrozenAction): string {
  switch (row.state) {
    case "SENT":
      if (row.channel === rewardChannel) return gives?.describe.given ?? "It was given.";
      return isExternal(row.channel)
        ? `The provider took it${toldSince(row)}.`
        : "It was put where the shop's app shows it.";
    case "SKIPPED":
    case "FAILED":
    case "UNKNOWN":
    case "CANCELLED":
      return reasonWords(row.state, row.reason);
    case "SENDING":
      if (row.batch_state === "PARKED") return "Its batch is in the dead letters, perhaps sent; replaying it goes on.";
      return row.refusal ? putOff(row.refusal) : "It is with the provider now.";
    case "PENDING":
      return pendingText(row, run);
  }
}

function pendingText({ reason, due_at, refusal }: LedgerRow, run: RunState): string {
  if (run === "PAUSED") return "It waits for its turn; the campaign is paused.";
  if (run === "FAILED") return "It waits for work that is in the dead letters.";
  if (reason === "" || due_at === null) return "It waits for its turn.";
  const until = new Date(due_at).toISOString();
  if (reason === "QUIET_HOURS")
    return `It waits until the member's quiet hours end, at ${until}; then it is decided again.`;
  if (reason === "RETRY" && refusal) return putOff({ ...refusal, retryAt: due_at });
  return `${reasonWords("PENDING", reason)} It is tried again at ${until}.`;
}

function putOff({ words, times, since, retryAt }: StandingRefusal): string {
  const [first, next] = [since, retryAt].map((ms) => new Date(ms).toISOString());
  const often = times === 1 ? "once" : `${times} times`;
  return `The provider puts it off: ${words} (${often} since ${first}). It is tried again at ${next}.`;
}

function toldSince({ progress }: LedgerRow): string {
  const [name] = Object.entries(progressRanks).find(([, rank]) => rank === progress) ?? [];
  return name ? `, and told since: ${name}` : "";
}
