import { createHash } from "node:crypto";
import { base64, sourceHeader } from "../encode.ts";
import { type CallbackPlan, type Extras, extrasOf, type Flow, type Message, type Redaction } from "../records.ts";
import type { Store } from "../store/store.ts";

type Shown = Pick<
  Message,
  "url" | "method" | "header" | "body" | "created" | "label" | "queue" | "topic" | "ip" | "extras"
>;

/** A message as QStash shows it. Fields without a value are left out. */
export function messageView(
  store: Store,
  message: Omit<Message, "lane" | "due" | "wait" | "slot">,
): Record<string, unknown> {
  const { id, starts, retries, schedule, flow } = message;
  return {
    messageId: id,
    ...commonView(message),
    maxRetries: retries,
    notBefore: starts,
    ...(schedule === null ? {} : { scheduleId: schedule }),
    ...messageFlow(store, flow),
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
    ...(ip === null ? {} : { callerIP: ip, callerIp: ip }), // the HTTP API and the SDK each write it their way
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

/** A body as text, or as base64 (under another name) where it is none; nothing of an empty one. */
export function bodyView(name: string, body: Uint8Array<ArrayBuffer>): Record<string, string> {
  if (body.byteLength === 0) return {};
  try {
    return { [name]: new TextDecoder("utf-8", { fatal: true }).decode(body) };
  } catch {
    return { [`${name}Base64`]: base64(body) };
  }
}

/** Limits of a flow key; the period in seconds. */
export function flowView({ key, parallelism, rate, periodMs = 1_000 }: Flow): Record<string, unknown> {
  return { flowControlKey: key, parallelism, rate, period: periodMs / 1_000 };
}

/** A message's flow key, with the limits that hold for it now. */
export function messageFlow(store: Store, key: string | null): Record<string, unknown> {
  if (key === null) return {};
  const { parallelism, rate, period } = store.flow.get(key) ?? { parallelism: null, rate: null, period: null };
  return flowView({
    key,
    parallelism: parallelism ?? undefined,
    rate: rate ?? undefined,
    periodMs: period ?? undefined,
  });
}

function extrasView(extras: Extras): Record<string, unknown> {
  const { callback, failureCallback, retryDelay, timeoutMs } = extras;
  return {
    callback: callback?.url,
    callbackHeader: callbackHeaders(callback, extras),
    failureCallback: failureCallback?.url,
    failureCallbackHeader: callbackHeaders(failureCallback, extras),
    retryDelayExpression: retryDelay,
    timeout: timeoutMs === undefined ? undefined : timeoutMs / 1_000,
  };
}

/** The headers that a callback gets, hidden like those of its message. */
export function callbackHeaders(
  plan: CallbackPlan | undefined,
  { redact }: Extras,
): Record<string, string[]> | undefined {
  return plan && headerView(JSON.stringify(plan.headers), redact);
}
