import { accept, type Placed } from "../accept.ts";
import { extrasOf, type Flow, type Message } from "../message.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { nextTick } from "./cron.ts";

/** A schedule as the table keeps it. Times are epoch milliseconds; `header`, `extras` and `flow` are JSON. */
export interface Schedule
  extends Pick<
    Message,
    "id" | "created" | "url" | "method" | "header" | "body" | "retries" | "label" | "flow" | "extras"
  > {
  /** Five fields, in UTC or in the zone of a `CRON_TZ=` before them. */
  readonly cron: string;
  readonly next: number | null;
  readonly last: number | null;
  readonly paused: number;
  /** Ms between a tick and its message's first delivery. */
  readonly delay: number;
}

interface Parts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  readonly alarmAt: (time: number) => void;
  readonly onPlaced: (placed: readonly Placed[]) => void;
}

const atOnce = 100;

/**
 * Fires schedules. A tick's message and the time of the next tick are written together, so a tick is never lost or doubled;
 * of the ticks missed while the broker was away, one message is sent.
 */
export function createTicker({ store, committer, now, alarmAt, onPlaced }: Parts) {
  let firing = false;
  let stopped = false;

  function look(): void {
    if (stopped) return;
    const next = store.nextSchedule.get()?.next ?? null;
    if (next === null || firing) return;
    if (next > now()) {
      alarmAt(next);
      return;
    }
    firing = true;
    const done = () => {
      firing = false;
      look();
    };
    committer
      .commit(() => store.dueSchedules.all(now(), atOnce).map((schedule) => tick(store, schedule, now())), onPlaced)
      .then(done, () => setTimeout(done, 1_000));
  }

  return {
    /** Fires what is due, and sets the alarm for what is next. */
    look,
    stop() {
      stopped = true;
    },
  };
}

function tick(store: Store, schedule: Schedule, now: number): Placed {
  const due = schedule.next ?? now;
  store.ticked.run(nextTick(schedule.cron, Math.max(now, due)) ?? null, due, schedule.id);
  const { placed } = accept(store, toDraft(schedule, due), now);
  if (!placed) throw new Error("A scheduled message has no deduplication id.");
  return placed;
}

function toDraft(schedule: Schedule, due: number) {
  const { id, url, method, header, body, retries, delay, label } = schedule;
  const headers: Record<string, string> = JSON.parse(header);
  const flow = flowOf(schedule);
  const rest = { flow, label: label ?? undefined, schedule: id, extras: extrasOf(schedule) };
  return { url, method, headers, body, retries, delayMs: delay, notBefore: due + delay, ...rest };
}

export function flowOf({ flow }: Pick<Schedule, "flow">): Flow | undefined {
  if (flow === null) return undefined;
  const parsed: Flow = JSON.parse(flow);
  return parsed;
}
