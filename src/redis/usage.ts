/** A limit in whole microseconds, so that every process and Redis reckon the same. */
export interface Pace {
  /** Requests that may come at once. */
  readonly limit: number;
  /** Time in which one request is earned back; rounded up, never lenient. */
  readonly interval: number;
  /** Time in which all that may come at once is earned back. */
  readonly burst: number;
}

/**
 * What is known of the use of a key: at least `count` requests passed since `since`, in microseconds. So it is in use
 * until `since + count × interval` or longer, and nobody whom this refuses is refused wrongly.
 */
export interface Usage {
  since: number;
  count: number;
}

export function paceOf({ limit, periodSeconds }: { readonly limit: number; readonly periodSeconds: number }): Pace {
  const interval = Math.ceil((periodSeconds * 1e6) / limit);
  return { limit, interval, burst: interval * limit };
}

/** The clocks of processes differ by less, in microseconds. */
const apart = 1e6;

/** How long after `now` it is in use; 0 when all of it is earned back. */
export function ahead({ since, count }: Usage, { interval, burst }: Pace, now: number): number {
  const left = since + count * interval - now;
  // Nothing is in use for so long, or from so late on: the clock was set back since.
  return left > 0 && left <= 2 * burst && since <= now + apart ? left : 0;
}

/** Learns that `count` requests passed since `since`, which it may count already. */
export function learn(usage: Usage, { since, count }: Usage, pace: Pace, now: number): void {
  if (ahead({ since, count }, pace, now) <= ahead(usage, pace, now)) return;
  usage.since = since;
  usage.count = count;
}

/** Counts requests that it does not count yet. Whatever order all came in, they passed since the earlier time. */
export function add(usage: Usage, { since, count }: Usage, pace: Pace, now: number): void {
  const all = { since: Math.min(usage.since, since), count: usage.count + count };
  if (ahead(usage, pace, now) > 0) learn(usage, all, pace, now);
  learn(usage, { since, count }, pace, now);
}

/** Counts one that came at `now`, if it may pass; answers the microseconds to wait, 0 when it passed. */
export function pass(usage: Usage, pace: Pace, now: number): number {
  const wait = ahead(usage, pace, now) - pace.burst + pace.interval;
  if (wait > 0) return wait;
  add(usage, { since: now, count: 1 }, pace, now);
  return 0;
}
