import type { Message } from "../../records.ts";
import type { Placed } from "../../store/accept.ts";
import type { Store } from "../../store/store.ts";
import type { Alarm } from "../alarm.ts";
import type { Lane } from "./lane.ts";
import { openLane } from "./open-lane.ts";

/** So many lanes are found in the table between two turns of the event loop. */
const lanesAtOnce = 1_000;
/** Beyond this, lanes stay in the table until others are done. */
const maxLanes = 10_000;
/** With no room for another lane, the table is looked at again after this. */
const recheckMs = 100;
const start = { due: -1, lane: "" };

interface LanesParts {
  readonly store: Store;
  readonly alarm: Alarm;
  /** Called when a lane has something due. */
  readonly wake: (lane: Lane) => void;
  /** Called when a lane has other limits than before. */
  readonly onLimits: (lane: Lane) => void;
}

/** The lanes that have something due, found without reading what waits in them. */
export class Lanes {
  readonly #parts: LanesParts;
  readonly #lanes = new Map<string, Lane>();
  /** Everything due up to here has been noticed. */
  #mark = start;

  constructor(parts: LanesParts) {
    this.#parts = parts;
  }

  /** Finds the lanes of what became due since last time, and sets the alarm for what is next. */
  findDue(now: number): void {
    const { store, alarm, wake } = this.#parts;
    for (let found = 0; found < lanesAtOnce; found++) {
      const next = store.laneAfter.get(this.#mark.due, this.#mark.lane, now);
      if (next === null) {
        this.#waitForNext(now);
        return;
      }
      const lane = this.#lane(next.lane, now);
      if (!lane) {
        alarm.at(now + recheckMs);
        return;
      }
      this.#mark = next;
      lane.expectMore();
      wake(lane);
    }
    alarm.at(now);
  }

  add({ seq, lane: key, due, limitsChanged }: Placed, now: number): void {
    const { alarm, wake } = this.#parts;
    if (limitsChanged && this.#lanes.has(key)) this.refresh(key, now);
    if (due > now) {
      alarm.at(due);
      return;
    }
    const lane = this.#lane(key, now);
    if (lane) {
      lane.add(seq);
      wake(lane);
    } else this.restart(now);
  }

  release({ lane: key, seq, queue }: Message): void {
    const lane = this.#lanes.get(key);
    lane?.release(seq);
    if (lane && queue !== null) this.#parts.wake(lane); // its slot is free for the next
  }

  /** Has a lane's limits, and what is first in it, read anew. */
  refresh(key: string, now: number): void {
    const lane = this.#lane(key, now);
    if (!lane) {
      this.restart(now);
      return;
    }
    lane.refreshLimits();
    this.#parts.onLimits(lane);
  }

  /** The lane, if it has anything to do. */
  get(key: string): Lane | undefined {
    return this.#lanes.get(key);
  }

  /** Forgets lanes that have nothing to do. */
  dropIdle(now: number): void {
    for (const [key, lane] of this.#lanes) if (lane.isIdle(now)) this.#lanes.delete(key);
  }

  /** Has the table looked through again, soon: with no room to hold a lane, or under another clock. */
  restart(now: number): void {
    this.#mark = start;
    this.#parts.alarm.at(now + recheckMs);
  }

  #waitForNext(now: number): void {
    const { store, alarm } = this.#parts;
    this.#mark = { due: now, lane: "\uffff" };
    const next = store.laneAfter.get(now, this.#mark.lane, Number.MAX_SAFE_INTEGER);
    if (next !== null) alarm.at(next.due);
  }

  #lane(key: string, now: number): Lane | undefined {
    const known = this.#lanes.get(key);
    if (known) return known;
    if (this.#lanes.size >= maxLanes) this.dropIdle(now);
    if (this.#lanes.size >= maxLanes) return undefined;
    const lane = openLane(this.#parts.store, key);
    this.#lanes.set(key, lane);
    return lane;
  }
}
