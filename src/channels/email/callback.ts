import { Webhook as StandardWebhook } from "standardwebhooks";
import { z } from "zod";
import { jsonFrom } from "../http.ts";
import type { ProviderCallback } from "../provider-callback.ts";

/** What became of one e-mail, as Resend tells it. */
export type EmailEvent = EmailEventDetails & {
  readonly providerId: string;
  /** The envelope's ref; absent for e-mails that Fanfare did not send. */
  readonly ref?: string;
  /** The addresses it went to: personal data. */
  readonly to: readonly string[];
  /** Milliseconds since 1970. */
  readonly at: number;
};

export type EmailEventDetails =
  | { readonly kind: "delivered" | "opened" | "clicked" | "complained" }
  /** `hard`: the address is dead for good. */
  | { readonly kind: "bounced"; readonly hard: boolean }
  /** Resend took it and did not send it: its own suppression list, a quota, a fault. */
  | { readonly kind: "failed"; readonly reason: "failed" | "suppressed" };

/**
 * Reads a callback of Resend (Standard Webhooks, under `svix-*` or `webhook-*` headers, at most 5 minutes old).
 * `rawBody` is the body as it came; `now` (ms) is when it happened where it does not say.
 */
export function verifyEmailCallback(
  secret: string,
  headers: Headers,
  rawBody: string,
  now: number,
): ProviderCallback<EmailEvent> {
  const header = (name: string) => headers.get(`svix-${name}`) ?? headers.get(`webhook-${name}`) ?? "";
  const id = header("id");
  const signed = {
    "webhook-id": id,
    "webhook-timestamp": header("timestamp"),
    "webhook-signature": header("signature"),
  };
  try {
    new StandardWebhook(secret).verify(rawBody, signed, { jsonParse: false });
  } catch {
    return { kind: "forged" };
  }
  const event = eventFrom(rawBody, now);
  return event ? { kind: "event", id, event } : { kind: "ignored", id };
}

const Payload = z.object({
  type: z.string(),
  created_at: z.string(),
  data: z.object({
    email_id: z.string(),
    to: z.array(z.string()).catch([]),
    tags: z
      .union([z.record(z.string(), z.string()), z.array(z.object({ name: z.string(), value: z.string().optional() }))])
      .optional()
      .catch(undefined),
    bounce: z.object({ type: z.string() }).optional().catch(undefined),
  }),
});

function eventFrom(rawBody: string, now: number): EmailEvent | undefined {
  const payload = Payload.safeParse(jsonFrom(rawBody));
  if (!payload.success) return undefined;
  const { type, created_at, data } = payload.data;
  const details = detailsOf(type, data.bounce?.type);
  if (!details) return undefined;
  const ref = refIn(data.tags);
  const at = Date.parse(created_at);
  return {
    ...details,
    providerId: data.email_id,
    to: data.to,
    at: Number.isNaN(at) ? now : at,
    ...(ref === undefined ? {} : { ref }),
  };
}

function detailsOf(type: string, bounce: string | undefined): EmailEventDetails | undefined {
  switch (type) {
    case "email.delivered":
      return { kind: "delivered" };
    case "email.opened":
      return { kind: "opened" };
    case "email.clicked":
      return { kind: "clicked" };
    case "email.complained":
      return { kind: "complained" };
    case "email.bounced":
      return { kind: "bounced", hard: bounce === "Permanent" };
    case "email.failed":
      return { kind: "failed", reason: "failed" };
    case "email.suppressed":
      return { kind: "failed", reason: "suppressed" };
    default:
      return undefined;
  }
}

/** The tag that carries a ref. Tags take letters, digits, `_` and `-` only, which is what base64url writes. */
export function tagOf(ref: string): { readonly name: string; readonly value: string } {
  return { name: tagName, value: Buffer.from(ref).toString("base64url") };
}

const tagName = "ref";

function refIn(tags: z.infer<typeof Payload>["data"]["tags"]): string | undefined {
  const value = Array.isArray(tags) ? tags.find(({ name }) => name === tagName)?.value : tags?.[tagName];
  return value === undefined ? undefined : Buffer.from(value, "base64url").toString();
}
