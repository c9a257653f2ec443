import { createHash } from "node:crypto";
import { type CallbackPlan, type Draft, isRejection, type Rejection, reject } from "../message.ts";
import { parseFlow } from "./flow-value.ts";
import { destination, type Settings, settings } from "./settings.ts";

/** QStash's limit on one message, bytes. */
export const largestBody = 1_048_576;
const usualRetries = 3;

/** A publish as asked for, together with the settings that are no part of its message. */
export interface Asked {
  readonly draft: Draft;
  readonly settings: Settings;
}

/** Reads one publish from its destination, headers and raw body, or says what is wrong with it. */
export function readDraft(url: string, given: HeaderSource, body: Uint8Array<ArrayBuffer>): Asked | Rejection {
  if (body.byteLength > largestBody) return reject(413, `message size exceeds the limit of ${largestBody} bytes`);
  const headers = toHeaders(given);
  if (headers === undefined) return reject(400, "invalid headers");
  const target = destination.safeParse(url);
  if (!target.success) return reject(400, target.error.issues[0]?.message ?? "invalid destination url");
  const asked = readSettings("upstash-", headers);
  if (isRejection(asked)) return asked;
  const flow = parseFlow(asked["flow-control-key"], asked["flow-control-value"]);
  if (flow && isRejection(flow)) return flow;
  const callbacks = readCallbacks(asked, headers);
  if (isRejection(callbacks)) return callbacks;

  const forwarded = forwardedHeaders("upstash-forward-", headers);
  const draft: Draft = {
    url,
    method: asked.method ?? "POST",
    headers: forwarded,
    body,
    delayMs: asked.delay ?? 0,
    notBefore: asked["not-before"] === undefined ? undefined : asked["not-before"] * 1_000,
    retries: asked.retries ?? usualRetries,
    label: asked.label,
    flow,
    deduplication: deduplicationKey(asked, url, forwarded, body),
    extras: { timeoutMs: asked.timeout, retryDelay: asked["retry-delay"], ...callbacks },
  };
  return { draft, settings: asked };
}

type HeaderSource = Headers | Readonly<Record<string, string>>;

function toHeaders(given: HeaderSource): Headers | undefined {
  try {
    return given instanceof Headers ? given : new Headers({ ...given });
  } catch {
    return undefined;
  }
}

function readSettings(prefix: string, headers: Headers): Settings | Rejection {
  const found: Record<string, string> = {};
  for (const [name, value] of headers) if (name.startsWith(prefix)) found[name.slice(prefix.length)] = value;
  const parsed = settings.safeParse(found);
  return parsed.success ? parsed.data : reject(400, parsed.error.issues[0]?.message ?? "invalid headers");
}

const ofTheConnection = new Set(["connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"]);

function forwardedHeaders(prefix: string, headers: Headers): Record<string, string> {
  const forwarded: Record<string, string> = {};
  const type = headers.get("content-type");
  if (type !== null) forwarded["content-type"] = type;
  for (const [name, value] of headers) {
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (rest && !ofTheConnection.has(rest)) forwarded[rest] = value;
  }
  return forwarded;
}

function readCallbacks(
  asked: Settings,
  headers: Headers,
): { callback?: CallbackPlan; failureCallback?: CallbackPlan } | Rejection {
  const plans: { callback?: CallbackPlan; failureCallback?: CallbackPlan } = {};
  for (const [field, name] of [
    ["callback", "callback"],
    ["failureCallback", "failure-callback"],
  ] as const) {
    const url = asked[name];
    if (url === undefined) continue;
    const plan = readCallback(url, `upstash-${name}-`, headers, asked.retries);
    if (isRejection(plan)) return plan;
    plans[field] = plan;
  }
  return plans;
}

function readCallback(url: string, prefix: string, headers: Headers, retries?: number): CallbackPlan | Rejection {
  const asked = readSettings(prefix, headers);
  if (isRejection(asked)) return asked;
  return {
    url,
    method: asked.method ?? "POST",
    headers: { ...forwardedHeaders(`${prefix}forward-`, headers), "content-type": "application/json" },
    retries: asked.retries ?? retries ?? usualRetries,
    delayMs: asked.delay ?? 0,
    timeoutMs: asked.timeout,
    retryDelay: asked["retry-delay"],
  };
}

function deduplicationKey(
  asked: Settings,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer>,
): string | undefined {
  const id = asked["deduplication-id"];
  if (id !== undefined) return `id:${id}`;
  if (!asked["content-based-deduplication"]) return undefined;
  const content = createHash("sha256")
    .update(JSON.stringify([url, asked.method, headers]))
    .update(body);
  return `content:${content.digest("base64url")}`;
}
