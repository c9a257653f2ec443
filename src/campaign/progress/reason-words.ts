import { skipText } from "../action/index.ts";
import type { RenderReason } from "../content/rendition.ts";
import type { SendState } from "../ledger/send-state.ts";

/** Why a message could not be made. */
const unmade: Readonly<Record<RenderReason | "ERASED", string>> = {
  TEMPLATE: "The message could not be made: its template fails for this member.",
  TEMPLATE_TOO_HEAVY: "The message could not be made: its template does more than a message may cost.",
  UNSENDABLE: "The message was made and not sent: the provider would refuse what it says for this member.",
  ERASED: "The member was erased on request before the message was made.",
};

/** Reasons of ours for states other than SKIPPED. */
const own: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(unmade).map(([reason, words]) => [`FAILED ${reason}`, words])),
  "UNKNOWN CANCELLED_WHILE_SENDING":
    "The run was cancelled while the provider had it: nobody can say whether it took it. It is not sent again.",
  "UNKNOWN LOST_WHILE_SENDING":
    "The process that sent it ended before the provider's answer: nobody can say whether it was taken. It is not " +
    "sent again by itself.",
  "UNKNOWN NO_RESULT": "The provider answered without a word of this one; it is not sent again by itself.",
  "PENDING RETRY": "The provider deferred it.",
  "PENDING NO_ROOM": "Its batch had no room left for it, as its messages are long or take long to make.",
  "PENDING QUIET_HOURS": "It waits until the member's quiet hours end; then it is decided again.",
};

/** What the reason of sends in a state means, in words for an operator. */
export function reasonWords(state: SendState, reason: string): string {
  const known = own[`${state} ${reason}`];
  if (known !== undefined) return known;
  switch (state) {
    case "FAILED":
      return `The provider refused it for good: ${said(reason)}.`;
    case "UNKNOWN":
      return `The provider's answer was lost or unclear (${said(reason)}); it is not sent again by itself.`;
    case "CANCELLED":
      return "The run was cancelled before it was the member's turn.";
    default:
      return skipText(reason);
  }
}

/** A provider's words, which the ledger keeps as one name. */
function said(reason: string): string {
  return reason.toLowerCase().replaceAll("_", " ");
}
