import { base64, sourceHeader } from "../delivery/callback.ts";
import { type Extras, extrasOf, type Flow, type Message } from "../message.ts";
import type { Store } from "../store/store.ts";

type Shown = Pick<Message, "url" | "method" | "header" | "body" | "retries" | "created" | "label" | "extras">;

/** A message as QStash shows it. Fields without a value are left out. */
export function messageView(store: Store, message: Omit<Message, "lane" | "due">): Record<string, unknown> {
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
  return {
    url: shown.url,
    method: shown.method,
    header: sourceHeader(shown.header),
    ...bodyView("body", shown.body),
    createdAt: shown.created,
    ...(shown.label === null ? {} : { label: shown.label }),
    ...extrasView(extrasOf(shown)),
  };
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
