import { z } from "zod";
import { SetupError } from "../../errors.ts";
import { accessTokens } from "../access-token.ts";
import { channels } from "../catalog.ts";
import type { Envelope, Sender, SenderWorld } from "../channel.ts";
import { jsonFrom } from "../http.ts";
import { payloadOf } from "../rendered.ts";
import { sendToTokens, type TokenProvider } from "../send-tokens.ts";
import { tokenAnswer } from "./answer.ts";
import { googleToken } from "./google-token.ts";
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
  const source = {
    email: account.client_email,
    privateKey: account.private_key,
    keyId: account.private_key_id,
    url: settings.tokenUrl ?? account.token_uri,
    timeoutMs: envelopeTimeoutMs,
    world,
  };
  const access = accessTokens(world.timers, () => googleToken(source));
  const url = `${baseUrl}/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`;
  const provider: TokenProvider = {
    who: "FCM",
    access,
    request: (token, envelope, access) => ({ url, headers: headersWith(access), body: messageTo(token, envelope) }),
    answerOf: tokenAnswer,
    timeoutMs,
    envelopeTimeoutMs,
    world,
  };
  return {
    name: "PUSH",
    idempotent: false,
    limits: { ...channels.PUSH.limits, ...settings.limits },
    timeoutMs,
    send: (batch) => sendToTokens(provider, batch),
  };
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
