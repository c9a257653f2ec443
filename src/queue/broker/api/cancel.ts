import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import type { Filter } from "./filter.ts";

/** What cancelling needs. */
export interface Cancelling {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  /** Hears of queues that may have another first message than before. */
  readonly onQueues: (names: ReadonlySet<string>) => void;
}

/** Messages cancelled in one transaction: others get their turn between. */
const atOnce = 2_000;

/**
 * Cancels what a filter finds, a stretch at a time; how many. What is published meanwhile is left alone. An attempt under way is not
 * broken off, but has no consequences any more.
 */
export async function cancel(
  { store, committer, now, onQueues }: Cancelling,
  { where, values }: Omit<Filter, "isEmpty">,
): Promise<number> {
  const bounded = { where: `seq < ? AND (${where})`, values: [store.nextSeq(), ...values] };
  let after = 0;
  let cancelled = 0;
  for (let more = true; more; ) {
    const ended = await committer.commit(() => {
      const time = now();
      const list = store.endNext(time, bounded, after, atOnce);
      for (const { seq } of list) {
        store.log.run(seq, time, "CANCEL_REQUESTED", null);
        store.log.run(seq, time, "CANCELLED", null);
      }
      return list;
    });
    for (const { seq } of ended) after = Math.max(after, seq);
    onQueues(new Set(ended.flatMap(({ queue }) => queue ?? [])));
    cancelled += ended.length;
    more = ended.length === atOnce;
  }
  return cancelled;
}
