import { verifyEmailCallback } from "../channels/email/callback.ts";
import type { ProviderCallback } from "../channels/provider-callback.ts";
import { verifySmsCallback } from "../channels/sms/callback.ts";
import { readText } from "../web/body.ts";
import type { JobContext } from "./job.ts";
import { recordEmailEvent, recordSmsEvent } from "./provider-events.ts";

/** What providers sign with; the webhooks of a provider without a secret are not there. */
export interface ProviderSecrets {
  readonly resend: string | undefined;
  readonly twilio: string | undefined;
  /** Where Twilio was told to call us, without the query. */
  readonly twilioUrl: string;
}

/** The longest callback that is taken, in bytes. */
const bodyLimit = 256 * 1024;

/**
 * Answers `POST /webhooks/<provider>`. What is authentic is 2xx, whether of interest or not, new or told before; what
 * is forged 401; of no provider that is set up 404; too long 413. An outage is a 5xx, so that the provider tells it
 * again.
 */
export async function handleWebhook(
  ctx: JobContext,
  provider: string,
  request: Request,
  secrets: ProviderSecrets,
): Promise<Response> {
  const take = takerOf(provider, secrets);
  if (!take) return refuse(404, "there is no such provider here, or its webhook secret is not set");
  if (request.method !== "POST") return refuse(405, "webhooks are called with POST");
  const body = await readText(request, { maxBytes: bodyLimit, timers: ctx.timers });
  if (body === "too long") return refuse(413, `the body is longer than ${bodyLimit} bytes`);
  if (body === "too slow") return refuse(408, "the body did not arrive in time", { connection: "close" });
  try {
    const kind = await take(ctx, request, body.text);
    ctx.log(kind === "forged" ? "warn" : "debug", "webhook", { provider, result: kind });
    return kind === "forged"
      ? refuse(401, "the signature does not hold for this body, address and time")
      : new Response(null, { status: 204 });
  } catch (error) {
    ctx.log("error", "webhook.failed", { provider, error });
    return refuse(500, "it could not be recorded; tell it again");
  }
}

/** Checks a callback, records what it tells, and says what it was. */
type Take = (ctx: JobContext, request: Request, body: string) => Promise<ProviderCallback<unknown>["kind"]>;

function takerOf(provider: string, { resend, twilio, twilioUrl }: ProviderSecrets): Take | undefined {
  if (provider === "resend" && resend) {
    return async (ctx, { headers }, body) => {
      const callback = verifyEmailCallback(resend, headers, body, ctx.clock());
      if (callback.kind === "event") await recordEmailEvent(ctx, callback.id, callback.event);
      return callback.kind;
    };
  }
  if (provider === "twilio" && twilio) {
    return async (ctx, { url, headers }, body) => {
      const called = `${twilioUrl}${new URL(url).search}`;
      const signature = headers.get("x-twilio-signature");
      const callback = verifySmsCallback(twilio, called, new URLSearchParams(body), signature);
      if (callback.kind === "event") await recordSmsEvent(ctx, callback.id, callback.event);
      return callback.kind;
    };
  }
  return undefined;
}

function refuse(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers });
}
