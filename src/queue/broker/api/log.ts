import { base64 } from "../encode.ts";
import { type Extras, extrasOf } from "../records.ts";
import { isRejection, reject } from "../rejection.ts";
import type { Committer } from "../store/commit.ts";
import type { LogEntry, LogExtras, LogState } from "../store/log-rows.ts";
import type { Store } from "../store/store.ts";
import {
  addressTerms,
  type Filter,
  listOf,
  messageTerms,
  readCount,
  readFilter,
  type Terms,
  timeTerms,
} from "./filter.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { searchBack } from "./search-back.ts";
import { callbackHeaders, headerView, labelView, messageFlow, redacted } from "./view.ts";

interface LogParts {
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

/** Entries in one answer at most. */
const most = 1_000;

/** The routes that tell what happened to messages, newest first: the SDK's name for them and that of the HTTP API. */
export function logRoutes(parts: LogParts): Routes {
  return {
    "GET /v2/events": (call) => list(parts, call, "events"),
    "GET /v2/logs": (call) => list(parts, call, "logs"),
  };
}

async function list({ store, committer }: LogParts, { query }: Call, name: string): Promise<Answer> {
  const filter = readFilter(query, terms);
  if (isRejection(filter)) return filter;
  const start = readCursor(query.get("cursor"));
  if (start === undefined) return reject(400, "invalid cursor");
  committer.flush(); // attempts that have just begun
  const count = readCount(query, most);
  const ids = [...listOf(query, "messageIds"), ...listOf(query, "messageId")];
  const where = `time < ? AND ${filter.where}`;
  const values = [start.until, ...filter.values];
  const found =
    ids.length > 0
      ? store.logOf(ids, `logSeq < ? AND ${where}`, [start.before, ...values], count)
      : await search(store, { where, values }, start.before, count);
  const last = found.at(-1);
  return {
    json: {
      cursor: found.length === count && last ? `${last.time}-${last.logSeq}` : undefined,
      [name]: found.map((entry) => entryView(store, entry)),
    },
  };
}

function search(store: Store, { where, values }: Omit<Filter, "isEmpty">, before: number, count: number) {
  const within = `logSeq >= ? AND logSeq < ? AND ${where}`;
  const wanted = (first: number, end: number, limit: number) => store.logWhere(within, [first, end, ...values], limit);
  return searchBack({ chunkStart: store.logChunkStart, wanted }, before, count);
}

/** Where to go on: after the entry that a cursor names, or, as the SDK's documentation has it, before a time in ms. */
function readCursor(cursor: string | null): { readonly before: number; readonly until: number } | undefined {
  const all = { before: Number.MAX_SAFE_INTEGER, until: Number.MAX_SAFE_INTEGER };
  if (!cursor) return all;
  const [, time, seq] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(cursor) ?? [];
  if (seq !== undefined) return { ...all, before: Number(seq) };
  return time === undefined ? undefined : { ...all, until: Number(time) };
}

function entryView(store: Store, entry: LogEntry): Record<string, unknown> {
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
    ...messageFlow(store, entry.flow),
    ...(entry.ip === null ? {} : { callerIP: entry.ip }),
    ...labelView(label),
    method,
    header: headerView(entry.header, extras.redact),
    ...(body.byteLength === 0 ? {} : { body: base64(body) }),
    maxRetries: entry.retries,
    ...settingsView(extras),
    ...logExtrasView(entry.logExtras),
  };
}

function settingsView(extras: Extras): Record<string, unknown> {
  const { timeoutMs, retryDelay, callback, failureCallback } = extras;
  return {
    timeout: timeoutMs,
    retryDelayExpression: retryDelay,
    retryDelayExpr: retryDelay, // so other clients read it
    callback: callback?.url,
    callbackHeaders: callbackHeaders(callback, extras),
    failureCallback: failureCallback?.url,
    failureCallbackHeaders: callbackHeaders(failureCallback, extras),
  };
}

function logExtrasView(logExtras: string | null): Record<string, unknown> {
  if (logExtras === null) return {};
  const { next, status, error, header, body }: LogExtras = JSON.parse(logExtras);
  return {
    nextDeliveryTime: next,
    error,
    responseStatus: status || undefined,
    responseHeaders: header,
    responseBody: body,
  };
}
