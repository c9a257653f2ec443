import { originOf } from "../standing.ts";
import type { Lane } from "./lane/lane.ts";

/** While no more than this part of the slots is taken, everyone takes what he needs. */
const plenty = 0.5;
/** Up to this one, a destination has a few, however it answers; beyond, one, until it is known to answer promptly. */
const enough = 0.6;
/** The rest beyond this is for those who are known to answer promptly. */
const last = 0.9;
const few = 8;
/** Of all slots, what one destination may have, however promptly it answers: it may stop to. */
const most = 0.75;
/** An answer within this, ms, is prompt. */
const prompt = 1_000;
const maxOrigins = 10_000;

interface Origin {
  /** When its calls under way began, earliest first. */
  readonly calls: Set<{ readonly began: number }>;
  /** Whether its last answer was prompt. */
  wasPrompt: boolean;
  /** Lanes whose next message is for it, while it has its share. */
  readonly waiting: Set<Lane>;
}

/**
 * Shares the slots among destinations, whatever flow keys and queues their messages come by: neither one that hangs,
 * nor many that do, can take them all from those that answer.
 */
export class Shares {
  readonly #slots: number;
  readonly #origins = new Map<string, Origin>();
  readonly #crowded = new Set<Origin>();

  constructor(slots: number) {
    this.#slots = slots;
  }

  /**
   * Whether a call may be made while `running` are under way; if not, the lane waits until it is told so by the end of
   * another.
   */
  admits(url: string, running: number, lane: Lane): boolean {
    const taken = running / this.#slots;
    if (taken <= plenty) return true;
    const origin = this.#origin(url);
    if (origin.calls.size < this.#share(origin, taken)) return true;
    origin.waiting.add(lane);
    this.#crowded.add(origin);
    return false;
  }

  /** Notes that a call begins; what it gives is to be called when it is over, and says which lanes may try again. */
  begin(url: string): () => readonly Lane[] {
    const origin = this.#origin(url);
    const call = { began: performance.now() };
    origin.calls.add(call);
    return () => {
      origin.calls.delete(call);
      origin.wasPrompt = performance.now() - call.began < prompt;
      // Two for one, so that who has become known gets his whole share; and one of the others, as there may be more for
      // all.
      const [other] = this.#crowded;
      return [...this.#wakeWaiting(origin, 2), ...(other ? this.#wakeWaiting(other, 1) : [])];
    };
  }

  #share({ calls, wasPrompt }: Origin, taken: number): number {
    const [oldest] = calls;
    const isPrompt = wasPrompt && (oldest === undefined || performance.now() - oldest.began < prompt);
    if (isPrompt) return taken < last ? this.#slots * most : few;
    if (taken < enough) return few;
    return taken < last ? 1 : 0;
  }

  #wakeWaiting(origin: Origin, count: number): Lane[] {
    const called = [...origin.waiting.values().take(count)];
    for (const lane of called) origin.waiting.delete(lane);
    this.#crowded.delete(origin);
    if (origin.waiting.size > 0) this.#crowded.add(origin);
    return called;
  }

  #origin(url: string): Origin {
    const name = originOf(url);
    const known = this.#origins.get(name);
    if (known) return known;
    if (this.#origins.size >= maxOrigins) this.#forget();
    const origin: Origin = { calls: new Set(), wasPrompt: false, waiting: new Set() };
    this.#origins.set(name, origin);
    return origin;
  }

  #forget(): void {
    for (const [name, { calls, waiting }] of this.#origins) {
      if (calls.size === 0 && waiting.size === 0) this.#origins.delete(name);
    }
  }
}
