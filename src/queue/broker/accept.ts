import { type Draft, type Extras, laneOf } from "./message.ts";
import type { Store } from "./store.ts";

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
  const { url, method, headers, body, retries, label = null, flow, schedule = null } = draft;
  const limitsChanged = flow !== undefined && saveFlow(store, flow);
  store.insert.run(
    ...([seq, id, lane, due, now, due, url, method, JSON.stringify(headers), body] as const),
    ...([retries, label, flow?.key ?? null, schedule, extrasJson(draft.extras)] as const),
  );
  return { seq, lane, due, limitsChanged };
}

function extrasJson(extras: Extras | undefined): string | null {
  const json = extras === undefined ? "{}" : JSON.stringify(extras);
  return json === "{}" ? null : json;
}

/** The latest limits win; says whether they are new. */
function saveFlow(store: Store, flow: NonNullable<Draft["flow"]>): boolean {
  const { key, parallelism = null, rate = null, periodMs = null } = flow;
  const kept = store.flow.get(key);
  if (kept && kept.parallelism === parallelism && kept.rate === rate && kept.period === periodMs) return false;
  store.saveFlow.run(key, parallelism, rate, periodMs);
  return true;
}
