import { createHash } from "node:crypto";
import type { CallbackPlan, Draft, Extras, Flow } from "../records.ts";
import { isRejection, type Rejection, reject } from "../rejection.ts";
import { parseFlow } from "./flow-value.ts";
import { forwardedHeaders, plainHeaders } from "./headers.ts";
import { invalidName, name } from "./name.ts";
import { destination, Settings } from "./settings.ts";

/** QStash's limit on one message, bytes. */
export const largestBody = 1_048_576;
const defaultRetries = 3;

/** A request to publish, as it came. */
export interface RawPublish {
  /** An absolute URL or the name of a URL group. */
  readonly target: string;
  /** Undefined where they are none. */
  readonly headers: Headers | undefined;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The named queue, where the request names one beside its headers. */
  readonly queue?: string | undefined;
  /** Who publishes. */
  readonly ip?: string | undefined;
}

/** A publish as it was asked for, together with the settings that are no part of its message. */
export interface PublishRequest {
  readonly draft: Draft;
  readonly settings: Settings;
}

/** Reads one publish, or says what is wrong with it. */
export function readDraft({ target, headers, body, queue, ip }: RawPublish): PublishRequest | Rejection {
  if (body.byteLength > largestBody) return reject(413, `message size exceeds the limit of ${largestBody} bytes`);
  if (headers === undefined) return reject(400, "invalid headers");
  const to = readTarget(target, headers);
  if (isRejection(to)) return to;
  const settings = readSettings("upstash-", headers);
  if (isRejection(settings)) return settings;
  const lane = readLane(settings, queue);
  if (isRejection(lane)) return lane;
  const extras = readExtras(settings, headers);
  if (isRejection(extras)) return extras;

  const forwarded = {
    ...(settings["header-forward"] && plainHeaders(headers)),
    ...forwardedHeaders("upstash-forward-", headers),
  };
  const draft: Draft = {
    ...to,
    ...lane,
    method: settings.method ?? "POST",
    headers: forwarded,
    body,
    delayMs: settings.delay ?? 0,
    notBefore: settings["not-before"] === undefined ? undefined : settings["not-before"] * 1_000,
    retries: settings.retries ?? defaultRetries,
    label: settings.label,
    ip,
    deduplication: deduplicationKey(settings, target, forwarded, body),
    extras,
  };
  return { draft, settings };
}

/** Where to: an address, or a URL group by its name. */
function readTarget(target: string, headers: Headers): { url: string; topic?: string } | Rejection {
  if (target === "api/llm") return reject(501, "this broker does not relay to language models");
  if (headers.has("upstash-workflow-init") || headers.has("upstash-workflow-runid")) {
    return reject(501, "this broker does not run workflows");
  }
  if (name.safeParse(target).success && !/^https?:/i.test(target)) return { url: "", topic: target };
  const address = destination.safeParse(target);
  return address.success ? { url: target } : reject(400, address.error.issues[0]?.message ?? "invalid destination url");
}

/** What it shares limits with: a named queue or a flow-control key. */
function readLane(settings: Settings, given: string | undefined): { queue?: string; flow?: Flow } | Rejection {
  const queue = given ?? settings["queue-name"];
  if (queue !== undefined && !name.safeParse(queue).success) return reject(400, invalidName("queue", queue));
  const flow = parseFlow(settings["flow-control-key"], settings["flow-control-value"]);
  if (flow && isRejection(flow)) return flow;
  if (queue !== undefined && flow) return reject(400, "a message in a queue cannot have flow control, too");
  return { ...(queue !== undefined && { queue }), ...(flow && { flow }) };
}

/** The settings among headers: those with the prefix, which they have without it. */
export function readSettings(prefix: string, headers: Headers): Settings | Rejection {
  const found: Record<string, string> = {};
  for (const [name, value] of headers) if (name.startsWith(prefix)) found[name.slice(prefix.length)] = value;
  const parsed = Settings.safeParse(found);
  return parsed.success ? parsed.data : reject(400, parsed.error.issues[0]?.message ?? "invalid headers");
}

/** What few messages have. */
export function readExtras(settings: Settings, headers: Headers): Extras | Rejection {
  const callback = readCallback("callback", settings, headers);
  if (callback && isRejection(callback)) return callback;
  const failureCallback = readCallback("failure-callback", settings, headers);
  if (failureCallback && isRejection(failureCallback)) return failureCallback;
  return {
    timeoutMs: settings.timeout,
    retryDelay: settings["retry-delay"],
    redact: settings["redact-fields"],
    callback,
    failureCallback,
  };
}

/**
 * A callback has settings of its own, under its own prefix; it is tried as often as its message, unless they say
 * otherwise.
 */
function readCallback(
  name: "callback" | "failure-callback",
  message: Settings,
  headers: Headers,
): CallbackPlan | Rejection | undefined {
  const url = message[name];
  if (url === undefined) return undefined;
  const prefix = `upstash-${name}-`;
  const settings = readSettings(prefix, headers);
  if (isRejection(settings)) return settings;
  const flow = parseFlow(settings["flow-control-key"], settings["flow-control-value"]);
  if (flow && isRejection(flow)) return flow;
  return {
    url,
    method: settings.method ?? "POST",
    headers: { ...forwardedHeaders(`${prefix}forward-`, headers), "content-type": "application/json" },
    retries: settings.retries ?? message.retries ?? defaultRetries,
    delayMs: settings.delay ?? 0,
    timeoutMs: settings.timeout,
    retryDelay: settings["retry-delay"],
    label: settings.label,
    flow,
    redact: settings["redact-fields"],
  };
}

/** Equal content is an equal body to the same destination with the same headers. */
function deduplicationKey(
  settings: Settings,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer>,
): string | undefined {
  const id = settings["deduplication-id"];
  if (id !== undefined) return `id:${id}`;
  if (!settings["content-based-deduplication"]) return undefined;
  const sorted = Object.entries(headers).sort(([one], [two]) => (one < two ? -1 : 1));
  const content = createHash("sha256")
    .update(JSON.stringify([target, sorted]))
    .update(body);
  return `content:${content.digest("base64url")}`;
}
