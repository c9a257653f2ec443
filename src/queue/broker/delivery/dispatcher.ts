import type { Message } from "../records.ts";
import type { Placed } from "../store/accept.ts";
import type { Store } from "../store/store.ts";
import { type Alarm, createAlarm } from "./alarm.ts";
import type { Lane } from "./lane/lane.ts";
import { Lanes } from "./lane/lanes.ts";
import { Shares } from "./shares.ts";

/** Below the 256 connections a process may have open at once, so that the rest of it can still make calls. */
const maxRunning = 200;
const defaultParallelism = 50;
/** With half the slots taken, a lane that has this many waits: a few hanging destinations cannot take them all. */
const fairShare = 8;
/** Deliveries whose outcome is not on disk yet: while the disk does not take them, no more are made. */
const maxUnwritten = 1_000;

export interface DispatchOptions {
  readonly store: Store;
  readonly now: () => number;
  /** Makes one attempt; resolves when its slot is free again. Never rejects. */
  readonly run: (message: Message) => Promise<void>;
  /** Called whenever the alarm rings. */
  readonly onAlarm: (now: number) => void;
  readonly maxSleepMs?: number | undefined;
}

/** Decides what is delivered when. It holds numbers of due messages, bounded; the table is the truth. */
export class Dispatcher {
  readonly alarm: Alarm;
  readonly lanes: Lanes;
  readonly #options: DispatchOptions;
  readonly #throttled = new Map<Lane, number>();
  readonly #queued: Lane[] = [];
  readonly #shares = new Shares(maxRunning);
  #running = 0;
  #unwritten = 0;
  #stopped = true;
  #pumping = false;

  constructor(options: DispatchOptions) {
    const { store, now, maxSleepMs } = options;
    this.#options = options;
    this.alarm = createAlarm(now, () => this.#ring(), maxSleepMs);
    const wake = (lane: Lane) => this.#wake(lane);
    const onLimits = (lane: Lane) => {
      this.#throttled.delete(lane);
      wake(lane);
    };
    this.lanes = new Lanes({ store, alarm: this.alarm, wake, onLimits });
  }

  start(): void {
    this.#stopped = false;
    this.alarm.at(this.#options.now());
  }

  /** No delivery starts from now on. */
  stop(): void {
    this.#stopped = true;
    this.alarm.stop();
  }

  /** Deliveries under way. */
  get running(): number {
    return this.#running;
  }

  /** Deliveries under way at most. */
  readonly maxRunning = maxRunning;

  /** Has a lane's limits, and what is first in it, read anew. */
  refresh(lane: string): void {
    this.lanes.refresh(lane, this.#options.now());
  }

  /** Takes messages that were committed: due ones get in line, others wake it in time. */
  add(placed: readonly Placed[]): void {
    const now = this.#options.now();
    for (const one of placed) this.lanes.add(one, now);
  }

  /** Ends the hold on a message whose outcome is on disk. */
  release(message: Message): void {
    this.#unwritten -= 1;
    this.lanes.release(message);
    this.#schedulePump();
  }

  /** Looks through everything again, after the clock was set back. */
  restart(): void {
    this.#throttled.clear();
    this.lanes.restart(this.#options.now());
  }

  #ring(): void {
    if (this.#stopped) return;
    const now = this.#options.now();
    this.#options.onAlarm(now);
    for (const [lane, opens] of this.#throttled) {
      if (opens > now) this.alarm.at(opens);
      else if (this.#throttled.delete(lane)) this.#wake(lane);
    }
    this.lanes.findDue(now);
  }

  #wake(lane: Lane): void {
    if (!lane.isQueued && !this.#throttled.has(lane) && lane.hasNext()) {
      lane.isQueued = true;
      this.#queued.push(lane);
    }
    this.#schedulePump();
  }

  /** In the next turn of the event loop, so that instant answers starve neither timers nor commits. */
  #schedulePump(): void {
    if (this.#pumping || this.#stopped || this.#queued.length === 0) return;
    this.#pumping = true;
    setImmediate(() => this.#pump());
  }

  /** One message of each lane in turn, while there are slots. */
  #pump(): void {
    const now = this.#options.now();
    while (!this.#stopped && this.#running < maxRunning && this.#unwritten < maxUnwritten) {
      const lane = this.#queued.shift();
      if (!lane) break;
      lane.isQueued = false;
      if (this.#startNext(lane, now)) this.#wake(lane);
    }
    this.#pumping = false;
  }

  /**
   * Whether a delivery was started. If not, the lane gets in line when a call ends, a period opens or a message comes.
   */
  #startNext(lane: Lane, now: number): boolean {
    const max = this.#running >= maxRunning / 2 ? fairShare : maxRunning;
    const entry = lane.limiter.check(now, defaultParallelism, max);
    if (typeof entry === "number") {
      this.#throttled.set(lane, entry);
      this.alarm.at(entry);
    }
    if (entry !== "open") return false;
    const message = lane.take(now);
    if (!message) return false;
    const mayStart = this.#shares.admits(message.url, this.#running, lane);
    if (mayStart) this.#deliver(lane, message);
    else lane.putBack(message.seq);
    return mayStart;
  }

  #deliver(lane: Lane, message: Message): void {
    this.#running += 1;
    this.#unwritten += 1;
    lane.limiter.enter();
    const end = this.#shares.begin(message.url);
    this.#options.run(message).then(() => {
      this.#running -= 1;
      lane.limiter.leave();
      this.#wake(lane);
      for (const other of end()) this.#wake(other);
    });
  }
}
