import { z } from "zod";
import { channels } from "../catalog.ts";
import type { Envelope, Sender, SenderWorld, SendResult } from "../channel.ts";
import { reasonOf, settingReason } from "../failure-reason.ts";
import { type Answer, post } from "../http.ts";
import { templateIn } from "../provider-template.ts";
import { sendEach } from "../send-each.ts";
import { refParameter } from "./callback.ts";
import type { SmsSettings } from "./settings.ts";

/** Text messages through Twilio, one request each. Twilio recognises no repeats: what is unclear stays unknown. */
export function smsSender(settings: SmsSettings, { clock, timers }: SenderWorld): Sender {
  const { timeoutMs = 60_000, envelopeTimeoutMs = 15_000 } = settings;
  return {
    name: "SMS",
    idempotent: false,
    limits: { ...channels.SMS.limits, ...settings.limits },
    timeoutMs,
    send: (batch) =>
      sendEach(batch, { width: 5, timeoutMs, envelopeTimeoutMs, timers }, async (envelope, signal) =>
        resultOf(await post({ ...requestOf(settings, envelope), signal, clock }), envelope),
      ),
  };
}

function requestOf(settings: SmsSettings, { ref, to, parts }: Envelope) {
  const { accountSid, authToken, from, statusCallback, baseUrl = "https://api.twilio.com" } = settings;
  const body = new URLSearchParams({ To: to[0] ?? "", ...wordsOf(parts) });
  body.set(/^MG[0-9a-f]{32}$/i.test(from) ? "MessagingServiceSid" : "From", from);
  if (statusCallback !== undefined) body.set("StatusCallback", withRef(statusCallback, ref));
  return {
    url: `${baseUrl}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`,
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` },
    body,
  };
}

/** The text, or Twilio's template and what stands for its variables. */
function wordsOf(parts: Envelope["parts"]): Record<string, string> {
  const template = templateIn(parts);
  if (!template) return { Body: parts.text ?? "" };
  const { name, variables } = template;
  const isPlain = Object.keys(variables).length === 0;
  return { ContentSid: name, ...(isPlain ? {} : { ContentVariables: JSON.stringify(variables) }) };
}

function withRef(url: string, ref: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${refParameter}=${encodeURIComponent(ref)}`;
}

const Message = z.object({ sid: z.string().min(1) });
const Fault = z.object({ code: z.number(), message: z.string().catch("") });

function resultOf(answer: Answer, { to }: Envelope): SendResult {
  if (answer.kind === "unreached") return { kind: "retry", reason: "Twilio could not be reached" };
  if (answer.kind === "unanswered") return { kind: "unknown", reason: "Twilio did not answer" };
  const { status, body, retryAfter } = answer;
  if (status >= 200 && status < 300) {
    const message = Message.safeParse(body);
    return message.success
      ? { kind: "sent", providerId: message.data.sid }
      : { kind: "unknown", reason: "Twilio gave no id" };
  }
  const fault = Fault.safeParse(body);
  const code = fault.success ? fault.data.code : status;
  if (status === 429 || code === queueFull)
    return { kind: "retry", afterSeconds: retryAfter ?? 1, reason: `Twilio wants to be asked later (${code})` };
  if (status >= 500 || status === 408) return { kind: "unknown", reason: `Twilio is out of order (${status})` };
  const setting = settingBehind(status, code);
  if (setting)
    return { kind: "retry", afterSeconds: settingRetrySeconds, reason: settingReason("Twilio", setting, code) };
  return { kind: "failed", reason: reasonOf("Twilio", code, fault.data?.message, to) };
}

const settingRetrySeconds = 300;
const queueFull = 21611;

/** Codes that speak of the sender, not of the recipient: nothing goes out before a person mends the setting. */
const senderCodes = new Set([21212, 21603, 21606, 21701, 21702, 21703]);

function settingBehind(status: number, code: number): string | undefined {
  if (status === 401 || status === 403) return "sms.accountSid and sms.authToken";
  if (status === 404 || status === 405 || status < 400) return "sms.accountSid and sms.baseUrl";
  if (code === 21609) return "sms.statusCallback";
  if (code === 21655) return "the template that the content names, in the account of sms.accountSid";
  return senderCodes.has(code) ? "sms.from" : undefined;
}
