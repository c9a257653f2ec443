import type { Message } from "../../records.ts";
import type { Store } from "../../store/store.ts";
import type { Lane } from "./lane.ts";
import { createLimiter } from "./limiter.ts";

/** How many due messages of one lane are held in memory. */
const maxReady = 128;

/** The messages of a flow-control key, or of a destination's origin, in order of their due time. */
export class LimitedLane implements Lane {
  readonly limiter = createLimiter();
  isQueued = false;
  readonly #store: Store;
  readonly #key: string;
  readonly #flow: string | undefined;
  /** Ready or under way: these are still in the table. */
  readonly #held = new Set<number>();
  #ready: number[] = [];
  #more = true;

  constructor(store: Store, key: string, flow: string | undefined) {
    this.#store = store;
    this.#key = key;
    this.#flow = flow;
    this.refreshLimits();
  }

  add(seq: number): void {
    if (this.#held.has(seq)) return;
    if (this.#more || this.#ready.length >= maxReady) {
      this.#more = true;
      return;
    }
    this.#held.add(seq);
    this.#ready.push(seq);
  }

  expectMore(): void {
    this.#more = true;
  }

  hasNext(): boolean {
    return this.#more || this.#ready.length > 0;
  }

  isIdle(now: number): boolean {
    if (this.limiter.isBusy(now)) return false;
    // While it is paused, what waits may as well wait in the table.
    return this.limiter.isPaused() ? this.#held.size === this.#ready.length : !this.#more && this.#held.size === 0;
  }

  take(now: number): Message | undefined {
    if (this.#ready.length === 0 && this.#more) this.#refill(now);
    for (let seq = this.#ready.shift(); seq !== undefined; seq = this.#ready.shift()) {
      const message = this.#store.load.get(seq);
      if (message) return message;
      this.#held.delete(seq); // cancelled meanwhile
    }
    return this.#more ? this.take(now) : undefined;
  }

  release(seq: number): void {
    this.#held.delete(seq);
  }

  putBack(seq: number): void {
    this.#ready.unshift(seq);
  }

  refreshLimits(): void {
    if (this.#flow === undefined) return;
    const kept = this.#store.flow.get(this.#flow);
    this.limiter.setLimits({
      parallelism: kept?.parallelism ?? undefined,
      rate: kept?.rate ?? undefined,
      periodMs: kept?.period ?? undefined,
      paused: kept?.paused === 1,
    });
  }

  #refill(now: number): void {
    const limit = this.#held.size + maxReady;
    const due = this.#store.dueInLane.all(this.#key, now, limit);
    this.#ready = due.map(({ seq }) => seq).filter((seq) => !this.#held.has(seq));
    for (const seq of this.#ready) this.#held.add(seq);
    this.#more = due.length === limit;
  }
}
