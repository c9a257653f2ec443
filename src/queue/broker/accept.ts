import { type Draft, type Extras, laneOf } from "./message.ts";
import type { Store } from "./store/store.ts";

/** How long a deduplication key keeps others with it out, ms. */
const deduplicationWindow = 600_000;

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

/** Writes one message; to be called within a transaction. */
export function accept(store: Store, draft: Draft, now: number): Accepted {
  const id = `msg_${Bun.randomUUIDv7("hex").replaceAll("-", "")}`;
  const { url, deduplication } = draft;
  if (deduplication !== undefined) {
    const claimed = store.claimKey.run(deduplication, id, now + deduplicationWindow, now).changes > 0;
    if (!claimed) return { id: store.keyHolder.get(deduplication)?.id ?? id, url, deduplicated: true };
  }
  return { id, url, deduplicated: false, placed: place(store, id, draft, now) };
}

function place(store: Store, id: string, draft: Draft, now: number): Placed {
  const seq = store.nextSeq();
  const lane = laneOf(draft.url, draft.flow);
  const due = Math.max(now, draft.notBefore ?? now + draft.delayMs);
  const { url, method, headers, body, retries, label = null, flow, schedule = null, extras } = draft;
  const limitsChanged = flow !== undefined && saveFlow(store, flow);
  const header = JSON.stringify(headers);
  const when = { created: now, starts: due, due };
  const what = { url, method, header, body, retries, label, schedule, flow: flow?.key ?? null, extras: json(extras) };
  store.insert({ seq, id, lane, ...when, ...what });
  return { seq, lane, due, limitsChanged };
}

function json(extras: Extras | undefined): string | null {
  const json = extras === undefined ? "{}" : JSON.stringify(extras);
  return json === "{}" ? null : json;
}

/** The latest limits win; says whether they are new. */
function saveFlow(store: Store, flow: NonNullable<Draft["flow"]>): boolean {
  if (flow.parallelism === undefined && flow.rate === undefined) return false;
  const { key, parallelism = null, rate = null, periodMs = null } = flow;
  const kept = store.flow.get(key);
  if (kept && kept.parallelism === parallelism && kept.rate === rate && kept.period === periodMs) return false;
  store.saveFlow.run(key, parallelism, rate, periodMs);
  return true;
}
