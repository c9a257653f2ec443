import { isExternal } from "../../channels/catalog.ts";
import { progressRanks } from "../feedback/feedback.ts";
import { couponChannel, type LedgerChannel } from "../ledger/channel.ts";
import { skipReasons } from "../ledger/decision.ts";
import type { RunState, SendState } from "../run/frozen.ts";

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
}

/** What a row of the ledger means, in words for an operator. */
export function wordsFor(row: LedgerRow, run: RunState): string {
  switch (row.state) {
    case "SENT":
      if (row.channel === couponChannel) return "The coupon was put into the member's wallet.";
      return isExternal(row.channel)
        ? `The provider took it${news(row)}.`
        : "It was put where the shop's app shows it.";
    case "SKIPPED":
      return skipWords(row.reason);
    case "FAILED":
      return row.reason === "TEMPLATE"
        ? "The message could not be made: its template fails for this member."
        : `The provider refused it for good: ${row.reason}.`;
    case "UNKNOWN":
      return `Nobody can say whether the provider took it (${row.reason}); it is not sent again by itself.`;
    case "CANCELLED":
      return "The run was cancelled before it was the member's turn.";
    case "SENDING":
      return row.batch_state === "PARKED"
        ? "Its batch is in the dead letters, perhaps sent; replaying it goes on."
        : "It is with the provider now.";
    case "PENDING":
      return pending(row, run);
  }
}

/** What a skip reason means. */
export function skipWords(reason: string): string {
  return isSkipReason(reason) ? skipReasons[reason] : `It was skipped: ${reason}.`;
}

function pending({ reason, due_at }: LedgerRow, run: RunState): string {
  if (run === "PAUSED") return "It waits for its turn; the campaign is paused.";
  if (run === "FAILED") return "It waits for work that is in the dead letters.";
  if (reason === "" || due_at === null) return "It waits for its turn.";
  const until = new Date(due_at).toISOString();
  if (reason === "QUIET_HOURS")
    return `It waits until the member's quiet hours end, at ${until}; then it is decided again.`;
  return `${reason === "RETRY" ? "The provider put it off." : skipWords(reason)} It is tried again at ${until}.`;
}

function news({ progress }: LedgerRow): string {
  const [name] = Object.entries(progressRanks).find(([, rank]) => rank === progress) ?? [];
  return name ? `, and told since: ${name}` : "";
}

function isSkipReason(reason: string): reason is keyof typeof skipReasons {
  return Object.hasOwn(skipReasons, reason);
}
