import type { AccessTokens } from "./access-token.ts";
import type { BatchOutcome, Envelope, SendBatch, SenderWorld, SendResult } from "./channel.ts";
import { type Answer, type Post, post } from "./http.ts";
import { sendEach } from "./send-each.ts";

/** What a provider of push notifications said of one token. */
export type TokenAnswer =
  | { readonly kind: "sent"; readonly providerId: string }
  /** The provider no longer knows the token, or it never was one. */
  | { readonly kind: "gone" }
  /** The provider no longer takes our access token. */
  | { readonly kind: "unauthorised" }
  | Exclude<SendResult, { readonly kind: "sent" }>;

/** A provider that takes one request a push token, with an access token of ours. */
export interface TokenProvider {
  /** Its name, as members' results say it. */
  readonly who: string;
  readonly access: AccessTokens;
  readonly request: (token: string, envelope: Envelope, access: string) => Pick<Post, "url" | "headers" | "body">;
  readonly answerOf: (token: string, answer: Answer) => TokenAnswer;
  readonly timeoutMs: number;
  readonly envelopeTimeoutMs: number;
  readonly world: SenderWorld;
}

/** Sends a batch, to every token of each member: a member is reached when one of them accepts. */
export async function sendToTokens(provider: TokenProvider, batch: SendBatch): Promise<BatchOutcome> {
  const { who, access, envelopeTimeoutMs } = provider;
  const { clock, timers } = provider.world;
  const started = timers.now();
  const allowed = await access.get();
  if (allowed.kind === "none") return { ...allowed, kind: "retry" };
  const timeoutMs = provider.timeoutMs - (timers.now() - started);
  return await sendEach(batch, { width: 10, timeoutMs, envelopeTimeoutMs, timers }, async (envelope, signal) => {
    const sendTo = async (token: string): Promise<TokenAnswer> => {
      const request = provider.request(token, envelope, allowed.token);
      return provider.answerOf(token, await post({ ...request, signal, clock }));
    };
    const answers = await Promise.all(envelope.to.map(sendTo));
    if (answers.some(({ kind }) => kind === "unauthorised")) access.drop(allowed.token);
    return memberResult(who, envelope.to, answers);
  });
}

/**
 * One member's result from those of the tokens: reached if one accepted, and never repeated while one of them is
 * unclear.
 */
function memberResult(who: string, tokens: readonly string[], answers: readonly TokenAnswer[]): SendResult {
  const goneTokens = tokens.filter((_, index) => answers[index]?.kind === "gone");
  const gone = goneTokens.length > 0 ? { goneTokens } : {};
  const first = <K extends TokenAnswer["kind"]>(kind: K) =>
    answers.find((answer): answer is Extract<TokenAnswer, { kind: K }> => answer.kind === kind);
  const sent = first("sent");
  if (sent) return { ...sent, ...gone };
  const open = first("unknown") ?? first("retry");
  if (open) return open;
  if (first("unauthorised")) return { kind: "retry", afterSeconds: 1, reason: `${who} wants a new access token` };
  return { kind: "failed", reason: first("failed")?.reason ?? "no token is registered", ...gone };
}
