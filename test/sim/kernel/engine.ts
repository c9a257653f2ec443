import { real } from "./real.ts";
import { keepUncaught } from "./uncaught.ts";

/** What was set for a moment of virtual time. */
export interface Alarm {
  readonly at: number;
  /** Among those of one moment the one set first is first. */
  readonly order: number;
  readonly run: () => void;
  /** Whether it dies with the process that set it. */
  readonly inside: boolean;
  isOff: boolean;
}

/** Turns of the real event loop that must bring nothing before all is taken to be still. */
const stillTurns = 2;

/** Real ms in which a small file is read. */
const fileMs = 3;

/**
 * Virtual time, and the one queue of what happens in it. One thing happens at a time: the next begins when all that
 * came of the one before is still: no promise left to run, nothing native under way. So the order of everything is the
 * order of this queue.
 */
export class Engine {
  /** Milliseconds since the beginning; never goes back. */
  elapsed = 0;
  /** Things that happened. */
  happened = 0;
  #order = 0;
  #native = 0;
  /** Who waits until something native ends. */
  readonly #waiting: (() => void)[] = [];
  /** Whether files are being read, on threads that nothing tells of: each turn waits a real moment for them. */
  readsFiles = false;
  readonly #soon: (() => void)[] = [];
  #lastNative: Promise<unknown> = Promise.resolve();
  /** By time, the next one last. */
  #alarms: Alarm[] = [];

  /** Has something happen in so many ms; `inside` the process that may crash, unless said otherwise. */
  after(ms: number, run: () => void, inside = true): Alarm {
    const wait = Number.isFinite(ms) && ms > 0 ? ms : 0;
    const alarm = { at: this.elapsed + wait, order: this.#order++, run, inside, isOff: false };
    const list = this.#alarms;
    let low = 0;
    for (let high = list.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((list[middle]?.at ?? 0) > alarm.at) low = middle + 1;
      else high = middle;
    }
    list.splice(low, 0, alarm);
    return alarm;
  }

  /** Waits for something that goes on outside of JavaScript; one such thing is under way at a time. */
  native<Value>(begin: () => Promise<Value>): Promise<Value> {
    this.#native += 1;
    const end = () => {
      this.#native -= 1;
      for (const goOn of this.#waiting.splice(0)) goOn();
    };
    const under = this.#lastNative.then(begin, begin);
    this.#lastNative = under.then(end, end);
    return under;
  }

  /** Forgets what the crashed process was waiting for. */
  dropInside(): void {
    this.#alarms = this.#alarms.filter(({ inside }) => !inside);
  }

  /** Lets everything that is under way come to rest. */
  async settle(): Promise<void> {
    for (let still = 0; still < stillTurns; still++) {
      if (this.readsFiles) await real.pause(fileMs);
      else await real.turn();
      const soon = this.#soon.shift();
      soon?.();
      // Whoever turned and turned meanwhile would take the processor from what is waited for.
      if (!soon && this.#native > 0) await this.#untilNativeEnds();
      else if (!soon) continue;
      still = -1;
    }
  }

  #untilNativeEnds(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Lets the next thing happen, if it comes before `until` (elapsed ms); answers whether one did. */
  async step(until: number): Promise<boolean> {
    const next = this.#alarms.at(-1);
    if (this.readsFiles && !next) {
      await this.settle();
      return true;
    }
    if (!next || next.at > until) return false;
    this.#alarms.pop();
    if (next.isOff) return true;
    this.elapsed = Math.max(this.elapsed, next.at);
    this.happened += 1;
    try {
      next.run();
    } catch (error) {
      keepUncaught(error);
    }
    await this.settle();
    return true;
  }

  /** Lets happen all that comes in so many ms, and moves time on to their end. */
  async pass(ms: number): Promise<void> {
    const until = this.elapsed + ms;
    while (await this.step(until));
    this.elapsed = until;
  }

  /** Has something happen as soon as this turn is over, before all else. */
  soonOutside(run: () => void): void {
    this.#soon.push(run);
  }

  /**
   * The machine stands still, as one does that sleeps: what would have happened meanwhile happens after it, and what
   * recurs has happened once.
   */
  standStill(ms: number): void {
    this.elapsed += ms;
  }

  /** Lets time go on until `done`, for so long at most; answers whether it was. */
  async until(done: () => boolean, atMostMs: number): Promise<boolean> {
    const until = this.elapsed + atMostMs;
    while (!done()) if (!(await this.step(until))) return false;
    return true;
  }
}
