import type { Store } from "./store.ts";

/** Outcomes wait this long for others to share their transaction: a crash meanwhile only delivers them again. */
const groupMs = 2;
/** What is only for looking at waits this long. */
const lazyMs = 250;

interface Entry {
  readonly work: () => void;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

const nothing = () => {};

/**
 * Group commit: all work that waits is done in one transaction, and told so once that is on disk.
 * Work must change the database only; whatever else follows belongs after it.
 */
export class Committer {
  readonly #store: Store;
  #waiting: Entry[] = [];
  #immediate: ReturnType<typeof setImmediate> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #slowTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Does the work with the next transaction (at the end of this turn of the event loop), then `after`, then resolves.
   */
  commit<T>(work: () => T, after?: (result: T) => void): Promise<T> {
    return new Promise((resolve, failed) => {
      let result: T;
      this.#waiting.push({
        work: () => {
          result = work();
        },
        done: () => {
          after?.(result);
          resolve(result);
        },
        failed,
      });
      this.#immediate ??= setImmediate(() => this.flush());
    });
  }

  /** The same without hurry and without a promise; `failed` hears of a transaction that could not be. */
  later(work: () => void, done: () => void, failed: (error: unknown) => void): void {
    this.#waiting.push({ work, done, failed });
    if (!this.#immediate) this.#timer ??= setTimeout(() => this.flush(), groupMs);
  }

  /** The same, in a hurry: at the end of this turn of the event loop. */
  soon(work: () => void, done: () => void, failed: (error: unknown) => void): void {
    this.#waiting.push({ work, done, failed });
    this.#immediate ??= setImmediate(() => this.flush());
  }

  /** Work that nobody waits for and that may be lost: it goes with the next transaction, or alone after a while. */
  aside(work: () => void): void {
    this.#waiting.push({ work, done: nothing, failed: nothing });
    if (!this.#immediate && !this.#timer) this.#slowTimer ??= setTimeout(() => this.flush(), lazyMs);
  }

  /** Commits what waits, now. */
  flush(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    clearTimeout(this.#slowTimer);
    this.#immediate = this.#timer = this.#slowTimer = undefined;
    const entries = this.#waiting;
    this.#waiting = [];
    if (entries.length > 0) this.#commitAll(entries);
  }

  #commitAll(entries: readonly Entry[]): void {
    try {
      this.#transact(entries);
    } catch (error) {
      // One of them may be at fault: it is to fail alone, and found in few steps.
      const half = Math.ceil(entries.length / 2);
      if (entries.length > 1) for (const some of [entries.slice(0, half), entries.slice(half)]) this.#commitAll(some);
      else entries[0]?.failed(error);
      return;
    }
    for (const entry of entries) entry.done();
  }

  #transact(entries: readonly Entry[]): void {
    const { db } = this.#store;
    const restoreCounts = this.#store.keepCounts();
    db.run("BEGIN IMMEDIATE");
    try {
      for (const entry of entries) entry.work();
      db.run("COMMIT");
    } catch (error) {
      if (db.inTransaction) db.run("ROLLBACK");
      restoreCounts();
      throw error;
    }
  }
}
