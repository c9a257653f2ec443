import { base64 } from "../encode.ts";
import { type Extras, extrasOf, isRejection, reject } from "../message.ts";
import type { Committer } from "../store/commit.ts";
import type { LogEntry, LogExtras, LogState } from "../store/log-rows.ts";
import type { Store } from "../store/store.ts";
import { addressTerms, messageTerms, readCount, readFilter, type Terms, timeTerms } from "./filter.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { headerView, labelView, redacted } from "./view.ts";

interface Parts {
  readonly store: Store;
  readonly committer: Committer;
}

/** `IN_PROGRESS` stands for three of them. */
const states: Readonly<Record<string, readonly LogState[]>> = {
  CREATED: ["CREATED"],
  ACTIVE: ["ACTIVE"],
  ERROR: ["ERROR"],
  RETRY: ["RETRY"],
  IN_PROGRESS: ["ACTIVE", "ERROR", "RETRY"],
  DELIVERED: ["DELIVERED"],
  FAILED: ["FAILED"],
  CANCEL_REQUESTED: ["CANCEL_REQUESTED"],
  CANCELLED: ["CANCELLED"],
  CANCELED: ["CANCELLED"],
};

const terms: Terms = {
  ...messageTerms,
  ...addressTerms,
  ...timeTerms("time"),
  state: {
    sql: "state IN (?, ?, ?)",
    read: (value) => {
      const [one, two = one, three = two] = states[value] ?? [];
      return one === undefined || two === undefined || three === undefined ? undefined : [one, two, three];
    },
  },
};

/** The routes that tell what happened to messages, newest first: the SDK's name for them and that of the HTTP API. */
export function logRoutes(parts: Parts): Routes {
  return {
    "GET /v2/events": (call) => list(parts, call, "events"),
    "GET /v2/logs": (call) => list(parts, call, "logs"),
  };
}

function list({ store, committer }: Parts, { query }: Call, name: string): Answer {
  const filter = readFilter(query, terms);
  if (isRejection(filter)) return filter;
  const cursor = query.get("cursor") || String(Number.MAX_SAFE_INTEGER);
  if (!/^\d{1,16}$/.test(cursor)) return reject(400, "invalid cursor");
  committer.flush(); // attempts that have just begun
  const count = readCount(query);
  const ids = query
    .getAll("messageIds")
    .concat(query.getAll("messageId"))
    .flatMap((value) => value.split(","));
  const where = `logSeq < ? AND ${filter.where}`;
  const values = [Number(cursor), ...filter.values];
  const found = ids.length > 0 ? store.logOf(ids, where, values, count) : store.logWhere(where, values, count);
  const last = found.at(-1);
  return {
    json: { cursor: found.length === count && last ? String(last.logSeq) : undefined, [name]: found.map(entryView) },
  };
}

function entryView(entry: LogEntry): Record<string, unknown> {
  const { time, state, id, url, topic, queue, schedule, label, method } = entry;
  const extras = extrasOf(entry);
  const body = extras.redact?.body ? Buffer.from(redacted(entry.body)) : entry.body;
  return {
    time,
    state,
    messageId: id,
    url,
    ...(topic === null ? {} : { topicName: topic, endpointName: extras.endpoint }),
    ...(queue === null ? {} : { queueName: queue }),
    ...(schedule === null ? {} : { scheduleId: schedule }),
    ...(entry.flow === null ? {} : { flowControlKey: entry.flow }),
    ...(entry.ip === null ? {} : { callerIP: entry.ip }),
    ...labelView(label),
    method,
    header: headerView(entry.header, extras.redact),
    body: base64(body),
    maxRetries: entry.retries,
    ...settingsView(extras),
    ...saidView(entry.said),
  };
}

function settingsView({ timeoutMs, retryDelay, callback, failureCallback }: Extras): Record<string, unknown> {
  return {
    timeout: timeoutMs,
    retryDelayExpression: retryDelay,
    callback: callback?.url,
    failureCallback: failureCallback?.url,
  };
}

function saidView(said: string | null): Record<string, unknown> {
  if (said === null) return {};
  const { next, status, error, header, body }: LogExtras = JSON.parse(said);
  return {
    nextDeliveryTime: next,
    error,
    responseStatus: status || undefined,
    responseHeaders: header,
    responseBody: body,
  };
}
