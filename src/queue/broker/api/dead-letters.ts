import type { DeadLetter } from "../records.ts";
import { type Draft, extrasOf } from "../records.ts";
import { isRejection, type Rejection, reject } from "../rejection.ts";
import { type Accepted, accept, type Placed, placedOf } from "../store/accept.ts";
import { dlqId } from "../store/bury.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { change, readChanges } from "./change.ts";
import { messageTerms, numbers, readCount, readFilter, readQuery, type Terms, timeTerms } from "./filter.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { searchBack } from "./search-back.ts";
import { bodyView, messageView } from "./view.ts";

interface DeadLetterParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  readonly onPlaced: (placed: readonly Placed[]) => void;
}

const terms: Terms = {
  ...messageTerms,
  ...timeTerms("died"),
  dlqIds: { sql: "(seq = ? AND died = ?)", read: readId },
  responseStatus: { sql: "status = ?", read: numbers },
};

/** The number and the time in a DLQ id; what is none finds nothing. */
function readId(id: string): readonly [seq: number, died: number] {
  const [, died, seq] = /^(\d{1,15})-(\d{1,15})$/.exec(id) ?? [];
  return seq === undefined ? [-1, -1] : [Number(seq), Number(died)];
}

/** The routes of the dead-letter queue. Bulk actions take `count` at a time and answer a cursor while there is more. */
export function deadLetterRoutes(parts: DeadLetterParts): Routes {
  return {
    "GET /v2/dlq": (call) => list(parts, call),
    "GET /v2/dlq/:id": ({ id }) => {
      const [letter] = byId(parts.store, id);
      return letter ? { json: letterView(parts.store, letter) } : notFound(id);
    },
    "DELETE /v2/dlq/:id": async ({ id }) => {
      const removed = await parts.committer.commit(() => remove(parts.store, byId(parts.store, id)));
      return removed.length > 0 ? { json: { deleted: removed.length } } : notFound(id);
    },
    "DELETE /v2/dlq": (call) => removeMany(parts, call),
    "POST /v2/dlq/retry": (call) => retryMany(parts, call),
    "POST /v2/dlq/retry/:id": (call) => retryOne(parts, call),
  };
}

async function list({ store }: DeadLetterParts, { query }: Call): Promise<Answer> {
  const found = await select(store, query);
  if (isRejection(found)) return found;
  return { json: { messages: found.letters.map((letter) => letterView(store, letter)), cursor: found.cursor } };
}

async function removeMany({ store, committer }: DeadLetterParts, call: Call): Promise<Answer> {
  const query = await readQuery(call);
  if (isRejection(query)) return query;
  const found = await selectForAction(store, query);
  if (isRejection(found)) return found;
  const removed = await committer.commit(() => remove(store, found.letters));
  return { json: { deleted: removed.length, cursor: found.cursor } };
}

/** Of letters that are named, those that are there are published. */
async function retryMany(parts: DeadLetterParts, call: Call): Promise<Answer> {
  const query = await readQuery(call);
  if (isRejection(query)) return query;
  const found = await selectForAction(parts.store, query);
  if (isRejection(found)) return found;
  const accepted = await revive(parts, call.request.headers, found.letters);
  if (isRejection(accepted)) return accepted;
  if (accepted.length === 0 && query.has("dlqIds")) return notFound(query.getAll("dlqIds").join(","));
  return { status: 201, json: { responses: accepted.map(({ id }) => ({ messageId: id })), cursor: found.cursor } };
}

async function retryOne(parts: DeadLetterParts, { request, id }: Call): Promise<Answer> {
  const accepted = await revive(parts, request.headers, byId(parts.store, id));
  if (isRejection(accepted)) return accepted;
  const [one] = accepted;
  return one ? { status: 201, json: { messageId: one.id } } : notFound(id);
}

interface Found {
  readonly letters: readonly DeadLetter[];
  readonly cursor?: string;
}

/** Newest first, after the cursor. */
async function select(store: Store, query: URLSearchParams): Promise<Found | Rejection> {
  const filter = readFilter(query, terms, "dlqIds");
  if (isRejection(filter)) return filter;
  const count = readCount(query);
  const before = Number(query.get("cursor")?.split("-").at(-1) || Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(before)) return reject(400, "invalid cursor");
  const within = `seq >= ? AND seq < ? AND ${filter.where}`;
  const wanted = (first: number, end: number, limit: number) =>
    store.deadWhere(within, [first, end, ...filter.values], limit);
  const letters = await searchBack({ chunkStart: store.deadChunkStart, wanted }, before, count);
  const last = letters.at(-1);
  return letters.length === count && last ? { letters, cursor: dlqId(last) } : { letters };
}

async function selectForAction(store: Store, query: URLSearchParams): Promise<Found | Rejection> {
  const isEmpty = query.size === 0;
  return isEmpty ? reject(400, "say which dead letters are meant, or all with count") : await select(store, query);
}

function byId(store: Store, id: string): readonly DeadLetter[] {
  return store.deadWhere("seq = ? AND died = ?", readId(id), 1);
}

/** Those of the letters that were still there, and no longer are. */
function remove(store: Store, letters: readonly DeadLetter[]): readonly DeadLetter[] {
  return letters.filter(({ seq }) => store.unbury.run(seq).changes > 0);
}

/**
 * Publishes dead letters anew, each as a message of its own with all its tries before it, and what the request changes.
 */
async function revive(
  { store, committer, now, onPlaced }: DeadLetterParts,
  headers: Headers,
  letters: readonly DeadLetter[],
): Promise<readonly Accepted[] | Rejection> {
  const changes = readChanges(headers);
  if (isRejection(changes)) return changes;
  return await committer.commit(
    () => remove(store, letters).map((letter) => accept(store, change(toDraft(letter), changes), now())),
    (accepted) => onPlaced(placedOf(accepted)),
  );
}

function toDraft(letter: DeadLetter): Draft {
  const { url, method, header, body, retries, label, flow, schedule, queue, topic, ip } = letter;
  const headers: Record<string, string> = JSON.parse(header);
  const lane = { flow: flow === null ? undefined : { key: flow }, queue: queue ?? undefined };
  const origin = { label: label ?? undefined, schedule: schedule ?? undefined, topic: topic ?? undefined };
  return {
    url,
    method,
    headers,
    body,
    delayMs: 0,
    retries,
    ...lane,
    ...origin,
    ip: ip ?? undefined,
    extras: extrasOf(letter),
  };
}

function letterView(store: Store, letter: DeadLetter): Record<string, unknown> {
  return {
    dlqId: dlqId(letter),
    ...messageView(store, letter),
    ...(letter.status === null ? {} : { responseStatus: letter.status }),
    ...(letter.answerHeader === null ? {} : { responseHeader: JSON.parse(letter.answerHeader) }),
    ...(letter.answerBody === null ? {} : bodyView("responseBody", letter.answerBody)),
  };
}

function notFound(id: string): Answer {
  return reject(404, `dead letter ${id.slice(0, 100)} not found`);
}
