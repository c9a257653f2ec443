import type { CreateBatchEmailOptions } from "resend";
import { z } from "zod";
import { withoutNulls } from "../../foreign-json.ts";
import { channels } from "../catalog.ts";
import type { BatchOutcome, Envelope, SendBatch, Sender, SenderWorld, SendResult } from "../channel.ts";
import { reasonOf, settingReason } from "../failure-reason.ts";
import { secondsOf } from "../http.ts";
import { tagOf } from "./callback.ts";
import type { EmailSettings } from "./settings.ts";

/**
 * E-mail through Resend, up to 100 in one request. The batch's id is the idempotency key, so whatever is unclear is
 * tried again.
 */
export function emailSender(settings: EmailSettings, { clock }: SenderWorld): Sender {
  const { apiKey, baseUrl, timeoutMs = 30_000 } = settings;
  const { Resend }: typeof import("resend") = require("resend"); // where there is no key, nobody needs it
  const resend = new Resend(apiKey, baseUrl === undefined ? {} : { baseUrl });
  return {
    name: "EMAIL",
    idempotent: true,
    limits: { ...channels.EMAIL.limits, ...settings.limits },
    timeoutMs,
    async send(batch) {
      if (batch.envelopes.length === 0) return { kind: "results", results: [] };
      const emails = batch.envelopes.map((envelope) => emailOf(settings, envelope));
      const options = {
        idempotencyKey: batch.id,
        batchValidation: "permissive",
        signal: AbortSignal.timeout(timeoutMs),
      } as const;
      const answer = await resend.batch.send(emails, options).catch(() => undefined);
      return outcomeOf(batch, withoutNulls(answer), clock());
    },
  };
}

function emailOf(
  { from, replyTo }: EmailSettings,
  { ref, to, parts, unsubscribeUrl }: Envelope,
): CreateBatchEmailOptions {
  return {
    from,
    to: [...to],
    subject: parts.subject ?? "",
    html: parts.html ?? "",
    ...(parts.text === undefined ? {} : { text: parts.text }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(unsubscribeUrl === undefined ? {} : { headers: oneClick(unsubscribeUrl) }),
    tags: [tagOf(ref)],
  };
}

/** RFC 8058. */
function oneClick(url: string): Record<string, string> {
  return { "List-Unsubscribe": `<${url}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" };
}

// The SDK promises these shapes and passes on whatever came.
const Accepted = z.object({
  data: z.object({
    data: z.array(z.object({ id: z.string().min(1) })),
    errors: z.array(z.object({ index: z.int().nonnegative(), message: z.string().default("") })).default([]),
  }),
});
const Refused = z.object({
  error: z.object({ name: z.string().catch("unnamed"), statusCode: z.number(), message: z.string().catch("") }),
  headers: z.record(z.string(), z.string()).optional(),
});

function outcomeOf(batch: SendBatch, answer: unknown, now: number): BatchOutcome {
  const accepted = Accepted.safeParse(answer);
  if (accepted.success) return { kind: "results", results: resultsOf(batch, accepted.data.data) };
  const refused = Refused.safeParse(answer);
  if (!refused.success) return { kind: "retry", reason: "Resend did not answer" };
  const { error, headers } = refused.data;
  return refusalOf(batch, error, secondsOf(headers?.["retry-after"], now));
}

/** Permissive validation answers the faults by position, and the ids of the others in their order. */
function resultsOf({ envelopes }: SendBatch, { data, errors }: z.infer<typeof Accepted>["data"]): SendResult[] {
  const faults = new Map(errors.map(({ index, message }) => [index, message]));
  if (faults.size + data.length !== envelopes.length)
    return envelopes.map(() => ({ kind: "unknown", reason: "Resend answered for another number of e-mails" }));
  const ids = data.values();
  return envelopes.map(({ to }, index): SendResult => {
    const fault = faults.get(index);
    if (fault !== undefined) return { kind: "failed", reason: reasonOf("Resend", "validation_error", fault, to) };
    const id = ids.next().value?.id;
    return id ? { kind: "sent", providerId: id } : { kind: "unknown", reason: "Resend gave no id" };
  });
}

interface ResendError {
  readonly name: string;
  readonly statusCode: number;
  readonly message: string;
}

function refusalOf(batch: SendBatch, error: ResendError, after: number | undefined): BatchOutcome {
  const { name, statusCode: status } = error;
  const retry = (reason: string, seconds?: number): BatchOutcome => {
    const afterSeconds = after ?? seconds;
    return afterSeconds === undefined ? { kind: "retry", reason } : { kind: "retry", afterSeconds, reason };
  };
  const each = (result: SendResult): BatchOutcome => ({ kind: "results", results: batch.envelopes.map(() => result) });
  const setting = settingBehind(error);
  if (setting) return retry(settingReason("Resend", setting, name), settingRetrySeconds);
  if (name === "invalid_idempotent_request") return each({ kind: "unknown", reason: reasonOf("Resend", name) });
  if (status === 409) return retry(`Resend is still busy with this batch (${name})`, 5);
  if (status === 429)
    return retry(`Resend wants to be asked later (${name})`, name.endsWith("quota_exceeded") ? 3_600 : 1);
  if (status >= 400 && status < 500 && status !== 408)
    return each({
      kind: "failed",
      reason: reasonOf(
        "Resend",
        name,
        error.message,
        batch.envelopes.flatMap(({ to }) => to),
      ),
    });
  return retry(`Resend is out of order (${status})`);
}

const settingRetrySeconds = 300;

/** The setting that a person must settingReason before any e-mail goes out, if that is what Resend complains of. */
function settingBehind({ name, statusCode }: ResendError): string | undefined {
  if (name === "invalid_from_address" || (statusCode === 403 && name === "validation_error"))
    return "email.from and its domain at Resend";
  if (statusCode === 401 || statusCode === 403) return "email.apiKey";
  return statusCode === 404 || statusCode === 405 ? "email.baseUrl" : undefined;
}
