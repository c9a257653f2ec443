import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { adaptiveBatchSize } from "./batch-size.ts";
import type { Filter } from "./filter.ts";

/** What cancelling needs. */
export interface Cancelling {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  /** Hears of queues that may have another first message than before. */
  readonly onQueues: (names: ReadonlySet<string>) => void;
}

/** Messages looked at in one transaction at most: others get their turn between. */
const maxBatch = 2_000;

/** Finds the next messages to cancel, having looked at `size` at most; nothing when there are none left to look at. */
type Search = (size: number) => readonly { readonly seq: number; readonly queue: string | null }[] | undefined;

/** Cancels what a filter finds; how many. What is published meanwhile is left alone. */
export function cancelWhere(parts: Cancelling, { where, values }: Omit<Filter, "isEmpty">): Promise<number> {
  const { store } = parts;
  const before = store.nextSeq();
  let after = 0;
  return cancel(parts, (size) => {
    const last = store.messageChunkEnd(after, before, size);
    if (last === undefined) return undefined;
    const found = store.waitingWithin(after, last, { where, values });
    after = last;
    return found;
  });
}

/** Cancels what waits in a queue, from the front. */
export function cancelQueue(parts: Cancelling, queue: string): Promise<number> {
  const { store } = parts;
  const before = store.nextSeq();
  return cancel(parts, (size) => {
    const found = store.waitingInQueue.all(queue, before, size);
    return found.length > 0 ? found : undefined;
  });
}

/** Cancels those of these messages that wait. */
export function cancelIds(parts: Cancelling, ids: Iterable<string>): Promise<number> {
  const left = [...new Set(ids)];
  return cancel(parts, (size) => {
    const some = left.splice(0, size);
    return some.length > 0 ? some.flatMap((id) => parts.store.waitingOf.get(id) ?? []) : undefined;
  });
}

/** A batch at a time. An attempt under way is not broken off, but has no consequences any more. */
async function cancel({ store, committer, now, onQueues }: Cancelling, search: Search): Promise<number> {
  const batchSize = adaptiveBatchSize(maxBatch);
  let cancelled = 0;
  for (;;) {
    const found = await committer.commit(() => batchSize.run((size) => endEach(store, search(size), now())));
    if (!found) return cancelled;
    onQueues(new Set(found.flatMap(({ queue }) => queue ?? [])));
    cancelled += found.length;
  }
}

function endEach(store: Store, found: ReturnType<Search>, now: number): ReturnType<Search> {
  for (const { seq } of found ?? []) {
    store.end(seq, now);
    store.log.run(seq, now, "CANCEL_REQUESTED", null);
    store.log.run(seq, now, "CANCELLED", null);
  }
  return found;
}
