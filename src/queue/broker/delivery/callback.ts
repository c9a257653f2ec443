import { base64, headerLists, sourceHeader } from "../encode.ts";
import type { Attempt } from "../records.ts";
import { type CallbackPlan, type Draft, extrasOf, type Message, type Redaction } from "../records.ts";

/**
 * The message that reports an attempt to a callback, in QStash's documented shape. In a queue, it goes before whatever
 * comes after.
 */
export function callbackDraft(plan: CallbackPlan, message: Message, attempt: Attempt, dlqId?: string): Draft {
  const { url, method, headers, retries, delayMs, timeoutMs, retryDelay, label, flow } = plan;
  const body = Buffer.from(JSON.stringify(report(message, attempt, dlqId)));
  const lane = message.queue === null ? { flow } : { queue: message.queue, slot: message.slot ?? message.seq };
  const extras = { timeoutMs, retryDelay, redact: redaction(plan, message) };
  return { url, method, headers, body, delayMs, retries, label, ...lane, extras };
}

/** A report repeats its message: it is not shown where that is not. */
function redaction({ redact }: CallbackPlan, message: Message): Redaction | undefined {
  return extrasOf(message).redact ? { ...redact, body: true } : redact;
}

function report(message: Message, attempt: Attempt, dlqId: string | undefined): Record<string, unknown> {
  return {
    status: attempt.status,
    header: attempt.headers ? headerLists(attempt.headers) : {},
    body: base64(attempt.body),
    retried: message.retried,
    maxRetries: message.retries,
    ...(dlqId === undefined ? {} : { dlqId }),
    sourceMessageId: message.id,
    ...(message.topic === null ? {} : { topicName: message.topic, endpointName: extrasOf(message).endpoint }),
    url: message.url,
    method: message.method,
    sourceHeader: sourceHeader(message.header),
    sourceBody: base64(message.body),
    notBefore: message.starts,
    createdAt: message.created,
    ...(message.schedule === null ? {} : { scheduleId: message.schedule }),
    ...(message.ip === null ? {} : { callerIP: message.ip }),
    ...(message.label === null ? {} : { label: message.label }),
  };
}
