import type { Envelope, SendResult } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import { memberOf } from "../content/render.ts";
import type { Settlement } from "./batch.ts";

/** Longest pause before a send that the provider surely did not take is tried again, in seconds. */
const longestPause = 900;

/** A provider's results as changes of the ledger, envelope by envelope; an envelope without a result is UNKNOWN. */
export function settlementsOf(
  ctx: Context,
  envelopes: readonly Envelope[],
  results: readonly SendResult[],
): Settlement[] {
  return envelopes.map(({ ref }, i) => settlementOf(ctx, memberOf(ref), results[i]));
}

function settlementOf(ctx: Context, member: number, result: SendResult | undefined): Settlement {
  if (!result) return unknownOf(member, "NO_RESULT");
  switch (result.kind) {
    case "sent":
      return { member, state: "SENT", reason: "", providerId: result.providerId, dueAt: null, ...goneOf(result) };
    case "failed":
      return { member, state: "FAILED", reason: code(result.reason), providerId: null, dueAt: null, ...goneOf(result) };
    case "unknown":
      return unknownOf(member, result.reason);
    case "retry": {
      const seconds = Math.min(longestPause, result.afterSeconds ?? 30);
      return { member, state: "PENDING", reason: "RETRY", providerId: null, dueAt: ctx.clock() + 1000 * seconds };
    }
  }
}

function goneOf({ goneTokens }: Extract<SendResult, { kind: "sent" | "failed" }>) {
  return goneTokens && goneTokens.length > 0 ? { goneTokens } : {};
}

export function unknownOf(member: number, reason: string): Settlement {
  return { member, state: "UNKNOWN", reason: code(reason), providerId: null, dueAt: null };
}

/** A reason as the tally groups it: short, upper case, without the provider's free text after the first words. */
function code(reason: string): string {
  return reason
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_|_$/g, "")
    .slice(0, 40);
}
