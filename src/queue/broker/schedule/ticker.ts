import { extrasOf, flowOf, type Schedule } from "../records.ts";
import { isRejection } from "../rejection.ts";
import { acceptAll, type Placed, placedOf } from "../store/accept.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { nextTick } from "./cron.ts";

interface TickerParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  readonly alarmAt: (time: number) => void;
  readonly onPlaced: (placed: readonly Placed[]) => void;
}

const ticksAtOnce = 100;
/** Ticks missed by less than this are made up for one by one, as after a crash; of older ones only the first is. */
const catchUpMs = 600_000;

/**
 * Fires schedules. A tick's message and the time of the next tick are written together, so a tick is never lost or
 * doubled. Those missed while the broker was away for a short time follow when it is back; a long absence does not end
 * in a flood.
 */
export function createTicker({ store, committer, now, alarmAt, onPlaced }: TickerParts) {
  let firing = false;
  let stopped = false;

  function check(): void {
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
      check();
    };
    committer
      .commit(
        () => store.dueSchedules.all(now(), ticksAtOnce).flatMap((schedule) => tick(store, schedule, now())),
        onPlaced,
      )
      .then(done, () => setTimeout(done, 1_000));
  }

  return {
    /** Fires what is due, and sets the alarm for what is next. */
    check,
    stop() {
      stopped = true;
    },
  };
}

function tick(store: Store, schedule: Schedule, now: number): readonly Placed[] {
  const due = schedule.next ?? now;
  const accepted = acceptAll(store, toDraft(schedule, due), now);
  const sent = isRejection(accepted) ? [] : accepted; // its URL group is gone: the schedule waits for another
  const ids = JSON.stringify(sent.map(({ id }) => id));
  store.ticked.run(nextTick(schedule.cron, Math.max(due, now - catchUpMs)) ?? null, due, ids, schedule.id);
  return placedOf(sent);
}

function toDraft(schedule: Schedule, due: number) {
  const { id, url, method, header, body, retries, delay, label, queue, topic, ip } = schedule;
  const headers: Record<string, string> = JSON.parse(header);
  const lane = { flow: flowOf(schedule), queue: queue ?? undefined };
  const origin = { topic: topic ?? undefined, ip: ip ?? undefined, label: label ?? undefined, schedule: id };
  const when = { delayMs: delay, notBefore: due + delay };
  return { url, method, headers, body, retries, ...when, ...lane, ...origin, extras: extrasOf(schedule) };
}
