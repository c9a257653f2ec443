import { z } from "zod";
import { SetupError } from "../../errors.ts";
import { channels } from "../catalog.ts";
import type { BatchOutcome, Envelope, SendBatch, Sender, SenderWorld } from "../channel.ts";
import { jsonFrom, post } from "../http.ts";
import { payloadOf } from "../rendered.ts";
import { sendEach } from "../send-each.ts";
import { type AccessTokens, accessTokens } from "./access-token.ts";
import { memberResult, type TokenAnswer, tokenAnswer } from "./answer.ts";
import type { PushSettings } from "./settings.ts";

const ServiceAccount = z.object({
  project_id: z.string().min(1),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  token_uri: z.string().default("https://oauth2.googleapis.com/token"),
});

/**
 * Push notifications through Firebase Cloud Messaging, one request a token. A member is reached when one of the tokens
 * accepts; FCM recognises no repeats, so what is unclear stays unknown. A key file that cannot be read is a
 * {@link SetupError}.
 */
export function pushSender(settings: PushSettings, world: SenderWorld): Sender {
  const { baseUrl = "https://fcm.googleapis.com", timeoutMs = 60_000, envelopeTimeoutMs = 15_000 } = settings;
  const account = accountFrom(settings.serviceAccount);
  const tokens = accessTokens({
    email: account.client_email,
    privateKey: account.private_key,
    keyId: account.private_key_id,
    url: settings.tokenUrl ?? account.token_uri,
    timeoutMs: envelopeTimeoutMs,
    world,
  });
  const url = `${baseUrl}/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`;
  return {
    name: "PUSH",
    idempotent: false,
    limits: { ...channels.PUSH.limits, ...settings.limits },
    timeoutMs,
    send: (batch) => sendAuthorised({ url, tokens, timeoutMs, envelopeTimeoutMs, world }, batch),
  };
}

interface Fcm {
  readonly url: string;
  readonly tokens: AccessTokens;
  readonly timeoutMs: number;
  readonly envelopeTimeoutMs: number;
  readonly world: SenderWorld;
}

async function sendAuthorised(
  { url, tokens, timeoutMs, envelopeTimeoutMs, world: { clock, timers } }: Fcm,
  batch: SendBatch,
): Promise<BatchOutcome> {
  const started = timers.now();
  const access = await tokens.get();
  if (access.kind === "none") return { ...access, kind: "retry" };
  const pace = { width: 10, timeoutMs: timeoutMs - (timers.now() - started), envelopeTimeoutMs, timers };
  return await sendEach(batch, pace, async (envelope, signal) => {
    const sendTo = async (token: string): Promise<TokenAnswer> =>
      tokenAnswer(
        token,
        await post({ url, headers: headersWith(access.token), body: messageTo(token, envelope), signal, clock }),
      );
    const answers = await Promise.all(envelope.to.map(sendTo));
    if (answers.some(({ kind }) => kind === "unauthorised")) tokens.drop(access.token);
    return memberResult(envelope.to, answers);
  });
}

function headersWith(accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
}

function messageTo(token: string, { ref, parts }: Envelope): string {
  return JSON.stringify({ message: { token, ...payloadOf(ref, parts) } });
}

function accountFrom(text: string): z.infer<typeof ServiceAccount> {
  const json = jsonFrom(text);
  const account = ServiceAccount.safeParse(json);
  if (account.success) return account.data;
  const wrong = account.error.issues.flatMap(({ path }) => path).join(", ");
  const why = wrong ? `${wrong} is missing or no text` : "it is no JSON object";
  throw new SetupError(`FCM_SERVICE_ACCOUNT is no key file of a Google service account: ${why}.`);
}
