import type { Envelope, SendResult } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import { memberOf } from "../content/render.ts";
import type { BatchOutcome } from "./end-batch.ts";

/** Longest pause before a send that the provider surely did not take is tried again, in seconds. */
const longestPause = 900;

/** A provider's results as outcomes, envelope by envelope; an envelope without a result is UNKNOWN. */
export function outcomesOf(
  ctx: Context,
  envelopes: readonly Envelope[],
  results: readonly SendResult[],
): BatchOutcome[] {
  return envelopes.map(({ ref }, i) => outcomeOf(ctx, memberOf(ref), results[i]));
}

function outcomeOf(ctx: Context, member: number, result: SendResult | undefined): BatchOutcome {
  if (!result) return unknownOf(member, "NO_RESULT");
  switch (result.kind) {
    case "sent":
      return { member, state: "SENT", reason: "", providerId: result.providerId, dueAt: null, ...goneOf(result) };
    case "failed":
      return { ...failedOf(member, code(result.reason)), ...goneOf(result) };
    case "unknown":
      return unknownOf(member, result.reason);
    case "retry": {
      const seconds = Math.min(longestPause, result.afterSeconds ?? 30);
      const dueAt = ctx.clock() + 1000 * seconds;
      return { member, state: "PENDING", reason: "RETRY", providerId: null, dueAt, words: result.reason };
    }
  }
}

function goneOf({ goneTokens }: Extract<SendResult, { kind: "sent" | "failed" }>) {
  return goneTokens && goneTokens.length > 0 ? { goneTokens } : {};
}

/** A send that cannot be made or is refused for good. */
export function failedOf(member: number, reason: string): BatchOutcome {
  return { member, state: "FAILED", reason, providerId: null, dueAt: null };
}

/** A send whose batch had no time or room left for it: it is free for another. */
export function postponed(ctx: Context, member: number): BatchOutcome {
  return { member, state: "PENDING", reason: "NO_ROOM", providerId: null, dueAt: ctx.clock() + 1_000 };
}

/** A send that nobody can say anything of. */
export function unknownOf(member: number, reason: string): BatchOutcome {
  return { member, state: "UNKNOWN", reason: code(reason), providerId: null, dueAt: null };
}

/** Enough for what a provider says in one sentence; more would be counted apart for each member. */
const longestReason = 100;

/** A reason as it is counted: one upper-case name, cut between words where it is long. */
function code(reason: string): string {
  const name = reason
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
  return name.length <= longestReason ? name : name.slice(0, name.lastIndexOf("_", longestReason));
}
