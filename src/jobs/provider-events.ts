import { recordDeadAddress, recordProgress, recordWish, sendKeyOf } from "../campaign/feedback/feedback.ts";
import type { ProgressReport } from "../campaign/ledger/progress.ts";
import type { Progress } from "../campaign/ledger/progress-rank.ts";
import type { EmailEvent } from "../channels/email/callback.ts";
import type { SmsEvent } from "../channels/sms/callback.ts";
import type { JobContext } from "./job.ts";

/** Records what Resend told: how far the send got, and addresses that must not be written to again. */
export async function recordEmailEvent(ctx: JobContext, id: string, event: EmailEvent): Promise<void> {
  const send = sendKeyOf(event.ref, "EMAIL");
  const report = send && { send, progress: emailProgress(event), providerId: event.providerId };
  const [address, ...others] = event.to;
  // A message to several is none of ours, and nobody knows which of them it is about.
  if (address !== undefined && others.length === 0 && isDeadly(event)) {
    const reason = event.kind === "complained" ? "complaint" : "hard-bounce";
    const dead = { channel: "EMAIL", address, reason } as const;
    return recordDeadAddress(ctx, { id: { provider: "resend", id }, ...dead, report });
  }
  await recordIfOurs(ctx, report);
}

function isDeadly(event: EmailEvent): boolean {
  return event.kind === "complained" || (event.kind === "bounced" && event.hard);
}

function emailProgress(event: EmailEvent): Progress {
  switch (event.kind) {
    case "bounced":
      return event.hard ? "bounced" : "undelivered";
    case "failed":
      return "undelivered";
    default:
      return event.kind;
  }
}

/**
 * Records what Twilio told: how far the send got, or that the owner of a number wants no more messages, or wants them
 * again.
 */
export async function recordSmsEvent(ctx: JobContext, id: string, event: SmsEvent): Promise<void> {
  if ("from" in event) {
    const { kind: wish, channel, from: phone } = event;
    return recordWish(ctx, { id: { provider: "twilio", id }, channel, wish, phone });
  }
  const send = sendKeyOf(event.ref, event.channel);
  const progress = event.kind === "delivered" ? "delivered" : "undelivered";
  await recordIfOurs(ctx, send && { send, progress, providerId: event.providerId });
}

async function recordIfOurs(ctx: JobContext, report: ProgressReport | undefined): Promise<void> {
  if (report) await recordProgress(ctx, report);
}
