import { createHash } from "node:crypto";
import { base64, sourceHeader } from "../encode.ts";
import { type Extras, extrasOf, type Flow, type Message, type Redaction } from "../message.ts";
import type { Store } from "../store/store.ts";

type Shown = Pick<
  Message,
  "url" | "method" | "header" | "body" | "created" | "label" | "queue" | "topic" | "ip" | "extras"
>;

/** A message as QStash shows it. Fields without a value are left out. */
export function messageView(store: Store, message: Omit<Message, "lane" | "due" | "slot">): Record<string, unknown> {
  const { id, starts, retries, schedule, flow } = message;
  const kept = flow === null ? null : store.flow.get(flow);
  return {
    messageId: id,
    ...commonView(message),
    maxRetries: retries,
    notBefore: starts,
    ...(schedule === null ? {} : { scheduleId: schedule }),
    ...(flow === null ? {} : flowView({ key: flow, ...limits(kept) })),
  };
}

/** What messages and schedules show alike. */
export function commonView(shown: Shown): Record<string, unknown> {
  const { url, method, created, label, queue, topic, ip } = shown;
  const extras = extrasOf(shown);
  return {
    url,
    ...(topic === null ? {} : { topicName: topic, urlGroup: topic, endpointName: extras.endpoint }),
    method,
    header: headerView(shown.header, extras.redact),
    ...(extras.redact?.body ? { body: redacted(shown.body) } : bodyView("body", shown.body)),
    createdAt: created,
    ...(queue === null ? {} : { queueName: queue }),
    ...(ip === null ? {} : { callerIP: ip }),
    ...labelView(label),
    ...extrasView(extras),
  };
}

/** Headers as QStash writes them; of those that are redacted, a hash. */
export function headerView(json: string, redact: Redaction | undefined): Record<string, string[]> {
  const headers = sourceHeader(json);
  const hidden = redact?.headers ?? [];
  if (hidden !== true && hidden.length === 0) return headers;
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) =>
      hidden === true || hidden.includes(name.toLowerCase()) ? [name, values.map(redacted)] : [name, values],
    ),
  );
}

/** Stands for a value that is not to be shown, and tells whether two are the same. */
export function redacted(value: string | Uint8Array<ArrayBuffer>): string {
  return `REDACTED:${createHash("sha256").update(value).digest("hex")}`;
}

/** All labels, and the first alone as older clients expect it. */
export function labelView(label: string | null): Record<string, unknown> {
  if (label === null) return {};
  const labels = label.split(",").map((each) => each.trim());
  return { label: labels[0], labels };
}

/** A body as text, or as base64 (under another name) where it is none. */
export function bodyView(name: string, body: Uint8Array<ArrayBuffer>): Record<string, string> {
  try {
    return { [name]: new TextDecoder("utf-8", { fatal: true }).decode(body) };
  } catch {
    return { [`${name}Base64`]: base64(body) };
  }
}

/** Limits of a flow key; the period in seconds. */
export function flowView({ key, parallelism, rate, periodMs }: Flow): Record<string, unknown> {
  return { flowControlKey: key, parallelism, rate, period: periodMs === undefined ? undefined : periodMs / 1_000 };
}

function limits(kept: ReturnType<Store["flow"]["get"]>): Omit<Flow, "key"> {
  const { parallelism, rate, period } = kept ?? { parallelism: null, rate: null, period: null };
  return { parallelism: parallelism ?? undefined, rate: rate ?? undefined, periodMs: period ?? undefined };
}

function extrasView({ callback, failureCallback, retryDelay, timeoutMs }: Extras): Record<string, unknown> {
  return {
    callback: callback?.url,
    failureCallback: failureCallback?.url,
    retryDelayExpression: retryDelay,
    timeout: timeoutMs === undefined ? undefined : timeoutMs / 1_000,
  };
}
