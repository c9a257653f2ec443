import { createHash } from "node:crypto";
import type { CallbackPlan, Draft, Extras, Flow } from "../records.ts";
import { isRejection, type Rejection, reject } from "../rejection.ts";
import { parseFlow } from "./flow-value.ts";
import { forwardedHeaders, plainHeaders } from "./headers.ts";
import { invalidName, name } from "./name.ts";
import { destination, type Settings, settings } from "./settings.ts";

/** QStash's limit on one message, bytes. */
export const largestBody = 1_048_576;
const usualRetries = 3;

/** A request to publish, as it came. */
export interface Given {
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

/** A publish as asked for, together with the settings that are no part of its message. */
export interface Asked {
  readonly draft: Draft;
  readonly settings: Settings;
}

/** Reads one publish, or says what is wrong with it. */
export function readDraft({ target, headers, body, queue, ip }: Given): Asked | Rejection {
  if (body.byteLength > largestBody) return reject(413, `message size exceeds the limit of ${largestBody} bytes`);
  if (headers === undefined) return reject(400, "invalid headers");
  const to = readTarget(target, headers);
  if (isRejection(to)) return to;
  const asked = readSettings("upstash-", headers);
  if (isRejection(asked)) return asked;
  const lane = readLane(asked, queue);
  if (isRejection(lane)) return lane;
  const extras = readExtras(asked, headers);
  if (isRejection(extras)) return extras;

  const forwarded = {
    ...(asked["header-forward"] && plainHeaders(headers)),
    ...forwardedHeaders("upstash-forward-", headers),
  };
  const draft: Draft = {
    ...to,
    ...lane,
    method: asked.method ?? "POST",
    headers: forwarded,
    body,
    delayMs: asked.delay ?? 0,
    notBefore: asked["not-before"] === undefined ? undefined : asked["not-before"] * 1_000,
    retries: asked.retries ?? usualRetries,
    label: asked.label,
    ip,
    deduplication: deduplicationKey(asked, target, forwarded, body),
    extras,
  };
  return { draft, settings: asked };
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
function readLane(asked: Settings, given: string | undefined): { queue?: string; flow?: Flow } | Rejection {
  const queue = given ?? asked["queue-name"];
  if (queue !== undefined && !name.safeParse(queue).success) return reject(400, invalidName("queue", queue));
  const flow = parseFlow(asked["flow-control-key"], asked["flow-control-value"]);
  if (flow && isRejection(flow)) return flow;
  if (queue !== undefined && flow) return reject(400, "a message in a queue cannot have flow control, too");
  return { ...(queue !== undefined && { queue }), ...(flow && { flow }) };
}

/** The settings among headers: those with the prefix, which they have without it. */
export function readSettings(prefix: string, headers: Headers): Settings | Rejection {
  const found: Record<string, string> = {};
  for (const [name, value] of headers) if (name.startsWith(prefix)) found[name.slice(prefix.length)] = value;
  const parsed = settings.safeParse(found);
  return parsed.success ? parsed.data : reject(400, parsed.error.issues[0]?.message ?? "invalid headers");
}

/** What few messages have. */
export function readExtras(asked: Settings, headers: Headers): Extras | Rejection {
  const callback = readCallback("callback", asked, headers);
  if (callback && isRejection(callback)) return callback;
  const failureCallback = readCallback("failure-callback", asked, headers);
  if (failureCallback && isRejection(failureCallback)) return failureCallback;
  return {
    timeoutMs: asked.timeout,
    retryDelay: asked["retry-delay"],
    redact: asked["redact-fields"],
    callback,
    failureCallback,
  };
}

/** A callback has settings of its own, under its own prefix; it is tried as often as its message, unless they say otherwise. */
function readCallback(
  name: "callback" | "failure-callback",
  message: Settings,
  headers: Headers,
): CallbackPlan | Rejection | undefined {
  const url = message[name];
  if (url === undefined) return undefined;
  const prefix = `upstash-${name}-`;
  const asked = readSettings(prefix, headers);
  if (isRejection(asked)) return asked;
  const flow = parseFlow(asked["flow-control-key"], asked["flow-control-value"]);
  if (flow && isRejection(flow)) return flow;
  return {
    url,
    method: asked.method ?? "POST",
    headers: { ...forwardedHeaders(`${prefix}forward-`, headers), "content-type": "application/json" },
    retries: asked.retries ?? message.retries ?? usualRetries,
    delayMs: asked.delay ?? 0,
    timeoutMs: asked.timeout,
    retryDelay: asked["retry-delay"],
    label: asked.label,
    flow,
    redact: asked["redact-fields"],
  };
}

/** Equal content is an equal body to the same destination with the same headers. */
function deduplicationKey(
  asked: Settings,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer>,
): string | undefined {
  const id = asked["deduplication-id"];
  if (id !== undefined) return `id:${id}`;
  if (!asked["content-based-deduplication"]) return undefined;
  const sorted = Object.entries(headers).sort(([one], [two]) => (one < two ? -1 : 1));
  const content = createHash("sha256")
    .update(JSON.stringify([target, sorted]))
    .update(body);
  return `content:${content.digest("base64url")}`;
}
