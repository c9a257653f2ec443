import type { Message } from "../message.ts";
import type { Store } from "../store/store.ts";
import { createGate } from "./gate.ts";

/** How many due messages of one lane are kept at hand; the rest stays in the table. */
const atHand = 128;

/** Messages that share one set of limits, in order of their due time. Only their numbers are held in memory. */
export class Lane {
  readonly gate = createGate();
  /** Waits in line for a slot. */
  inLine = false;
  readonly #store: Store;
  readonly #key: string;
  /** At hand or under way: these are still in the table. */
  readonly #held = new Set<number>();
  #ready: number[] = [];
  #more = true;

  constructor(store: Store, key: string) {
    this.#store = store;
    this.#key = key;
    this.refreshLimits();
  }

  /** Takes a message that just became due. */
  offer(seq: number): void {
    if (this.#held.has(seq)) return;
    if (this.#more || this.#ready.length >= atHand) {
      this.#more = true;
      return;
    }
    this.#held.add(seq);
    this.#ready.push(seq);
  }

  /** The table may have due messages that are not at hand. */
  hasMore(): void {
    this.#more = true;
  }

  hasNext(): boolean {
    return this.#more || this.#ready.length > 0;
  }

  isIdle(now: number): boolean {
    return !this.#more && this.#held.size === 0 && !this.gate.isBusy(now);
  }

  /** The next due message, if any; it is held, so that it is not taken twice, until it is released. */
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

  refreshLimits(): void {
    if (!this.#key.startsWith("flow:")) return;
    const kept = this.#store.flow.get(this.#key.slice("flow:".length));
    this.gate.limit({
      parallelism: kept?.parallelism ?? undefined,
      rate: kept?.rate ?? undefined,
      periodMs: kept?.period ?? undefined,
    });
  }

  #refill(now: number): void {
    const limit = this.#held.size + atHand;
    const due = this.#store.dueInLane.all(this.#key, now, limit);
    this.#ready = due.map(({ seq }) => seq).filter((seq) => !this.#held.has(seq));
    for (const seq of this.#ready) this.#held.add(seq);
    this.#more = due.length === limit;
  }
}
