import { laneOf } from "../lane-key.ts";
import type { Draft, Extras, Flow } from "../records.ts";
import { type Rejection, reject } from "../rejection.ts";
import type { Store } from "./store.ts";

/** How long a deduplication key keeps others with it out. */
const deduplicationMs = 600_000;

/** What became of a draft: a new message, or the one that holds its deduplication key. */
export interface Accepted {
  readonly id: string;
  readonly url: string;
  readonly deduplicated: boolean;
  /** Absent for a duplicate. */
  readonly placed?: Placed;
}

/** Where a message waits. */
export interface Placed {
  readonly seq: number;
  readonly lane: string;
  readonly due: number;
  /** Its flow key got other limits with it. */
  readonly limitsChanged: boolean;
}

/** Those of them that are new, where they wait. */
export function placedOf(accepted: readonly Accepted[]): readonly Placed[] {
  return accepted.flatMap(({ placed }) => placed ?? []);
}

/** Writes one message, or one for each endpoint of its URL group; to be called within a transaction. */
export function acceptAll(store: Store, draft: Draft, now: number): readonly Accepted[] | Rejection {
  const { topic, extras } = draft;
  if (topic === undefined) return [accept(store, draft, now)];
  const endpoints = store.endpoints.all(topic);
  if (endpoints.length === 0) return reject(404, `URL group ${topic} not found`);
  return endpoints.map(({ url, name }) =>
    accept(store, { ...draft, url, extras: { ...extras, endpoint: name ?? undefined } }, now),
  );
}

/** Writes one message to one address; to be called within a transaction. */
export function accept(store: Store, draft: Draft, now: number): Accepted {
  const id = `msg_${Bun.randomUUIDv7("hex").replaceAll("-", "")}`;
  const { url, topic } = draft;
  if (draft.deduplication !== undefined) {
    const key = topic === undefined ? draft.deduplication : `${draft.deduplication}→${url}`;
    const claimed = store.claimKey.run(key, id, now + deduplicationMs, now).changes > 0;
    if (!claimed) return { id: store.keyHolder.get(key)?.id ?? id, url, deduplicated: true };
  }
  return { id, url, deduplicated: false, placed: place(store, id, draft, now) };
}

function place(store: Store, id: string, draft: Draft, now: number): Placed {
  const seq = store.nextSeq();
  const { url, method, headers, body, retries, flow, extras } = draft;
  const { queue = null, label = null, topic = null, ip = null, schedule = null } = draft;
  const lane = laneOf(url, flow?.key, draft.queue);
  const starts = draft.notBefore ?? now + draft.delayMs;
  const due = Math.max(now, starts);
  if (queue !== null) store.ensureQueue.run(queue, now);
  const limitsChanged = flow !== undefined && saveLimits(store, flow);
  const isUntil = draft.notBefore !== undefined && schedule === null;
  const when = { created: now, starts, due, wait: isUntil ? null : draft.delayMs };
  const what = { url, method, header: JSON.stringify(headers), body, retries, extras: json(extras) };
  const where = { lane, flow: flow?.key ?? null, queue, slot: queue === null ? null : (draft.slot ?? seq) };
  store.insert({ seq, id, ...when, ...what, ...where, label, topic, ip, schedule });
  store.log.run(seq, now, "CREATED", null);
  return { seq, lane, due, limitsChanged };
}

function json(extras: Extras | undefined): string | null {
  const json = extras === undefined ? "{}" : JSON.stringify(extras);
  return json === "{}" ? null : json;
}

/** The latest limits win, except over pinned ones; says whether they are new. */
function saveLimits(store: Store, { key, ...flow }: Flow): boolean {
  if (flow.parallelism === undefined && flow.rate === undefined) return false;
  const kept = store.flow.get(key);
  const parallelism = kept?.pinnedParallelism ? kept.parallelism : (flow.parallelism ?? null);
  const rate = kept?.pinnedRate ? kept.rate : (flow.rate ?? null);
  const period = kept?.pinnedRate ? kept.period : (flow.periodMs ?? null);
  if (kept && kept.parallelism === parallelism && kept.rate === rate && kept.period === period) return false;
  const { paused = 0, pinnedParallelism = 0, pinnedRate = 0 } = kept ?? {};
  store.saveFlow.run(key, parallelism, rate, period, paused, pinnedParallelism, pinnedRate);
  return true;
}
