import type { Message } from "../../records.ts";
import type { Store } from "../../store/store.ts";
import type { Lane } from "./lane.ts";
import { createLimiter } from "./limiter.ts";

/**
 * The messages of a named queue, in the order they came. As many slots as its parallelism are open at once, from the
 * front; a message keeps its slot while it waits for another try, and its callbacks after it: what is behind waits for
 * all of them.
 */
export class QueueLane implements Lane {
  readonly limiter = createLimiter();
  isQueued = false;
  readonly #store: Store;
  readonly #name: string;
  /** Under way: these are still in the table. */
  readonly #held = new Set<number>();
  #parallelism = 1;
  /** Whether something may have become deliverable since the last look. */
  #more = true;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#name = name;
    this.refreshLimits();
  }

  add(): void {
    this.#more = true;
  }

  expectMore(): void {
    this.#more = true;
  }

  hasNext(): boolean {
    return this.#more;
  }

  isIdle(): boolean {
    return (!this.#more || this.limiter.isPaused()) && this.#held.size === 0;
  }

  take(now: number): Message | undefined {
    const open = this.#store.headOfQueue.all(this.#name, this.#parallelism);
    const next = open.find(({ seq, due }) => due <= now && !this.#held.has(seq));
    this.#more = next !== undefined;
    const message = next && this.#store.load.get(next.seq);
    if (message) this.#held.add(message.seq);
    return message ?? undefined;
  }

  release(seq: number): void {
    this.#held.delete(seq);
    this.#more = true;
  }

  putBack(seq: number): void {
    this.release(seq);
  }

  refreshLimits(): void {
    const kept = this.#store.queue.get(this.#name);
    this.#parallelism = kept?.parallelism ?? 1;
    this.#more = true;
    this.limiter.setLimits({ parallelism: this.#parallelism, paused: kept?.paused === 1 });
  }
}
