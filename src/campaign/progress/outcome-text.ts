import { isExternal } from "../../channels/catalog.ts";
import type { FrozenAction } from "../action/define.ts";
import { skipText } from "../action/index.ts";
import type { RenderReason } from "../content/rendition.ts";
import { type LedgerChannel, rewardChannel } from "../ledger/channel.ts";
import { progressRanks } from "../ledger/progress-rank.ts";
import type { SendState } from "../ledger/send-state.ts";
import type { RunState } from "../state.ts";

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

/** Why a message could not be made. */
const unmade: ReadonlyMap<string, string> = new Map(
  Object.entries({
    TEMPLATE: "The message could not be made: its template fails for this member.",
    TEMPLATE_TOO_HEAVY: "The message could not be made: its template does more than a message may cost.",
    UNSENDABLE: "The message was made and not sent: the provider would refuse what it says for this member.",
  } satisfies Record<RenderReason, string>),
);

/** What a row of the ledger means, in words for an operator. */
export function outcomeText(row: LedgerRow, run: RunState, { gives }: FrozenAction): string {
  switch (row.state) {
    case "SENT":
      if (row.channel === rewardChannel) return gives?.describe.given ?? "It was given.";
      return isExternal(row.channel)
        ? `The provider took it${toldSince(row)}.`
        : "It was put where the shop's app shows it.";
    case "SKIPPED":
      return skipText(row.reason);
    case "FAILED":
      return unmade.get(row.reason) ?? `The provider refused it for good: ${row.reason}.`;
    case "UNKNOWN":
      return `Nobody can say whether the provider took it (${row.reason}); it is not sent again by itself.`;
    case "CANCELLED":
      return "The run was cancelled before it was the member's turn.";
    case "SENDING":
      return row.batch_state === "PARKED"
        ? "Its batch is in the dead letters, perhaps sent; replaying it goes on."
        : "It is with the provider now.";
    case "PENDING":
      return pendingText(row, run);
  }
}

function pendingText({ reason, due_at }: LedgerRow, run: RunState): string {
  if (run === "PAUSED") return "It waits for its turn; the campaign is paused.";
  if (run === "FAILED") return "It waits for work that is in the dead letters.";
  if (reason === "" || due_at === null) return "It waits for its turn.";
  const until = new Date(due_at).toISOString();
  if (reason === "QUIET_HOURS")
    return `It waits until the member's quiet hours end, at ${until}; then it is decided again.`;
  const why: Readonly<Record<string, string>> = {
    RETRY: "The provider deferred it.",
    NO_ROOM: "Its batch had no room left for it, as its messages are long or take long to make.",
  };
  return `${why[reason] ?? skipText(reason)} It is tried again at ${until}.`;
}

function toldSince({ progress }: LedgerRow): string {
  const [name] = Object.entries(progressRanks).find(([, rank]) => rank === progress) ?? [];
  return name ? `, and told since: ${name}` : "";
}
