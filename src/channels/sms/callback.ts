import { createHmac } from "node:crypto";
import { type ExternalChannelName, externalNames } from "../catalog.ts";
import { type ProviderCallback, sameSecret } from "../provider-callback.ts";
import { wishIn } from "./wish-words.ts";

/** What Twilio tells about a message we sent, or a member sent us, on one of its channels. */
export type SmsEvent = SmsEventDetails & { readonly channel: ExternalChannelName };

export type SmsEventDetails =
  | { readonly kind: "delivered"; readonly providerId: string; readonly ref?: string }
  /** Not delivered for good; `code` is Twilio's. */
  | { readonly kind: "failed"; readonly providerId: string; readonly ref?: string; readonly code: string }
  /** The owner of this number wants no more messages, or wants them again. `from` is personal data. */
  | { readonly kind: "stop" | "start"; readonly from: string };

/** The query parameter of the status callback that carries an envelope's ref. */
export const refParameter = "ref";

/**
 * Reads a callback of Twilio: status callbacks and incoming messages. `url` is the public URL exactly as Twilio called
 * it, query included; `params` the form it posted; `signature` the header `X-Twilio-Signature`.
 */
export function verifySmsCallback(
  authToken: string,
  url: string,
  params: URLSearchParams,
  signature: string | null,
): ProviderCallback<SmsEvent> {
  if (!signature || !sameSecret(signature, twilioSignature(authToken, url, params))) return { kind: "forged" };
  const providerId = params.get("MessageSid") ?? params.get("SmsSid") ?? "";
  const status = params.get("MessageStatus") ?? "";
  const id = `${providerId}:${status}`;
  const event = status ? statusEvent(providerId, status, url, params) : wishEvent(params);
  return event ? { kind: "event", id, event } : { kind: "ignored", id };
}

/** HMAC-SHA1 over the URL and the form's fields, sorted by name, name and value run together. */
export function twilioSignature(authToken: string, url: string, params: URLSearchParams): string {
  const names = [...new Set(params.keys())].sort();
  const fields = names.flatMap((name) => [...new Set(params.getAll(name))].sort().map((value) => name + value));
  return createHmac("sha1", authToken)
    .update(url + fields.join(""))
    .digest("base64");
}

function statusEvent(providerId: string, status: string, url: string, params: URLSearchParams): SmsEvent | undefined {
  const to = addressOf(params.get("To") ?? "");
  const ref = URL.parse(url)?.searchParams.get(refParameter) ?? undefined;
  if (!to) return undefined;
  const about = { channel: to.channel, providerId, ...(ref === undefined ? {} : { ref }) };
  if (status === "delivered") return { kind: "delivered", ...about };
  if (status === "failed" || status === "undelivered")
    return { kind: "failed", ...about, code: params.get("ErrorCode") ?? status };
  return undefined;
}

// With advanced opt-out Twilio says itself what it understood.
function wishEvent(params: URLSearchParams): SmsEvent | undefined {
  const from = addressOf(params.get("From") ?? "");
  const wish = wishIn(params.get("OptOutType") ?? params.get("Body") ?? "");
  return from?.number && wish ? { kind: wish, channel: from.channel, from: from.number } : undefined;
}

/** Twilio writes the numbers of its other channels with the channel in front: `whatsapp:+15005550006`. */
function addressOf(text: string): { readonly channel: ExternalChannelName; readonly number: string } | undefined {
  const [, prefix = "sms", number = ""] = /^(?:([a-z]+):)?(.*)$/i.exec(text) ?? [];
  const channel = externalNames.find((name) => name === prefix.toUpperCase());
  return channel && { channel, number };
}
