import type { CallbackPlan, Draft, Message } from "../message.ts";
import type { Attempt } from "./deliver.ts";

/** The message that reports an attempt to a callback, in QStash's documented shape. */
export function callbackDraft(plan: CallbackPlan, message: Message, attempt: Attempt, dlqId?: string): Draft {
  const { url, method, headers, retries, delayMs, timeoutMs, retryDelay } = plan;
  const body = Buffer.from(JSON.stringify(report(message, attempt, dlqId)));
  return { url, method, headers, body, delayMs, retries, extras: { timeoutMs, retryDelay } };
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
    url: message.url,
    method: message.method,
    sourceHeader: sourceHeader(message.header),
    sourceBody: base64(message.body),
    notBefore: message.starts,
    createdAt: message.created,
    ...(message.schedule === null ? {} : { scheduleId: message.schedule }),
    ...(message.label === null ? {} : { label: message.label }),
  };
}

/** Headers as QStash writes them: each name with the list of its values. */
export function headerLists(headers: Headers): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const [name, value] of headers) lists[canonical(name)] = [...(lists[canonical(name)] ?? []), value];
  return lists;
}

/** The same of headers kept as JSON. */
export function sourceHeader(json: string): Record<string, string[]> {
  const headers: Record<string, string> = JSON.parse(json);
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [canonical(name), [value]]));
}

export function base64(bytes: Uint8Array<ArrayBuffer>): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function canonical(name: string): string {
  return name.replaceAll(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
