import type { Committer } from "./commit.ts";
import type { Store } from "./store.ts";

/** Sweeping follows activity by this: an idle broker does nothing. */
const intervalMs = 60_000;
/** With more to sweep than fits one transaction, the next one comes this soon. */
const nextBatchMs = 50;
/** Deduplication keys deleted in one transaction. */
const keysAtOnce = 5_000;
const deadLetterDays = 30;
/** They may be of two megabytes each. */
const lettersAtOnce = 200;
/** The log tells of messages for this long after they ended, and of so many at most. */
const logDays = 3;
const logMessages = 100_000;
/** Ended messages, with their log, deleted in one transaction. */
const endedAtOnce = 1_000;
const dayMs = 86_400_000;
const pagesAtOnce = 1_000;
const flowsAtOnce = 2_000;
/** Free pages that are kept for what comes next. */
const pagesKept = 250;

interface SweeperParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly alarmAt: (time: number) => void;
  readonly onSwept: (now: number) => void;
}

/**
 * Deletes what has served its time – deduplication keys, old dead letters, limits of unused keys – and gives pages
 * back.
 */
export function createSweeper({ store, committer, alarmAt, onSwept }: SweeperParts) {
  let next: number | undefined;
  /** Up to this flow-control key the limits were looked through; undefined where the next sweep begins anew. */
  let flowsTo: string | undefined;

  function plan(time: number): void {
    next = time;
    alarmAt(time);
  }

  function sweep(now: number): void {
    next = undefined;
    const work = () => {
      const keys = store.purgeKeys.run(now, keysAtOnce).changes;
      const letters = store.purgeDead.run(now - deadLetterDays * dayMs, lettersAtOnce).changes;
      const flows = store.purgeFlows(flowsTo ?? "", flowsAtOnce);
      return { flows, isMore: [purgeLog(store, now), keys === keysAtOnce, letters === lettersAtOnce].includes(true) };
    };
    const after = ({ flows, isMore }: ReturnType<typeof work>) => {
      flowsTo = flows;
      onSwept(now);
      const free = vacuum(store);
      if (isMore || flows !== undefined || free > pagesKept + pagesAtOnce) plan(now + nextBatchMs);
    };
    committer.commit(work, after).catch(() => plan(now + intervalMs));
  }

  return {
    /** Something was written: sweep in a while. */
    onActivity(now: number): void {
      if (next === undefined) plan(now + intervalMs);
    },
    onAlarm(now: number): void {
      if (next === undefined) return;
      // A time that nobody would plan now is from before the clock was set back.
      if (now >= next || next > now + intervalMs) sweep(now);
      else alarmAt(next);
    },
  };
}

/** Gives some of the free pages back; how many there were. Where the disk has no room to note that, none. */
function vacuum(store: Store): number {
  try {
    const free = store.freePages();
    if (free > pagesKept) store.db.run(`PRAGMA incremental_vacuum(${pagesAtOnce})`);
    return free;
  } catch {
    return 0;
  }
}

/** Deletes ended messages with their log; whether there are more to delete. */
function purgeLog(store: Store, now: number): boolean {
  const excess = store.ended() - logMessages;
  const deleted =
    excess > 0 ? store.purge(now, Math.min(excess, endedAtOnce)) : store.purge(now - logDays * dayMs, endedAtOnce);
  return deleted === endedAtOnce;
}
