import type { MaybePromise } from "../maybe-promise.ts";
import { perApp } from "../memory.ts";
import type { World } from "../world.ts";
import type { LimitPlace } from "./rate-limit.ts";
import { add, ahead, paceOf, pass } from "./usage.ts";
import { type SharedUsage, usageSync } from "./usage-sync.ts";

/** Counts one request of whoever it names; answers the seconds to wait, 0 when it may pass. */
export type SharedLimit = (who: string | number) => MaybePromise<number>;

export interface SharedRate {
  /** E.g. `member`; the limit's keys begin with it. */
  readonly name: string;
  readonly limit: number;
  readonly periodSeconds: number;
}

/** A process that answers by itself knows the key to be used no more than this. */
const farFromFull = 1 / 2;
/** Of the limit, what a process lets pass by itself before the others are told. */
const untoldShare = 1 / 8;

/**
 * The limit of `rateLimit`, GCRA over all processes, for what every request passes: answered at once while the key is
 * far from full, or surely full, and asked of Redis in between.
 *
 * - Nobody is refused who would not be refused if every request were counted in one place: what a process or Redis
 *   knows of a key is never more than what passed (`usage.ts`), in whatever order they hear of it.
 * - One process, whether it has Redis or not, answers exactly as that one place would. So does any number of them for
 *   limits below 8, which are always asked.
 * - P processes, up to 5, let pass in any t seconds at most `limit × (1 + t / period + P / 8 + 7 / 20)`: each has an
 *   eighth of the limit untold at most, and what is told late – by a quarter of the period, a tick, a round trip –
 *   counts from as much earlier, once for all. Nothing adds up: what was too much is earned back before more may pass.
 * - While Redis is away each process limits by what it knows; when Redis is empty it is told again what they know.
 *
 * It remembers what it knows of the 25,000 keys used last, or twice as many.
 */
export function sharedLimit(place: LimitPlace & Pick<World, "timers" | "clock">, rate: SharedRate): SharedLimit {
  const { redis, clock } = place;
  const pace = paceOf(rate);
  const untoldAtMost = Math.floor(pace.limit * untoldShare);
  const much = Math.ceil(untoldAtMost / 2);
  const known = perApp(place, "redis.sharedLimits", recentUsage);
  const sync = redis && perApp(place, "redis.usageSync", () => usageSync({ ...place, redis }));
  const make = (key: string): SharedUsage => {
    return { key, pace, since: 0, count: 0, untold: { since: 0, count: 0 }, telling: 0, asking: 0 };
  };
  return (who) => {
    const now = Math.round(clock() * 1_000);
    const usage = known.of(`${rate.name}:${who}`, make);
    if (!sync) return seconds(pass(usage, pace, now));
    const used = ahead(usage, pace, now);
    if (used > pace.burst - pace.interval) return seconds(used - pace.burst + pace.interval);
    const isFar = used + (usage.asking + 1) * pace.interval <= pace.burst * farFromFull;
    const { untold } = usage;
    if (!isFar || untold.count + usage.telling >= untoldAtMost) {
      return sync.ask(usage, now).then(seconds);
    }
    add(usage, { since: now, count: 1 }, pace, now);
    if (untold.count === 0) untold.since = now;
    untold.count++;
    if (untold.count === 1 || untold.count === much) sync.tell(usage, untold.count >= much);
    return 0;
  };
}

function seconds(micros: number): number {
  return Math.ceil(micros / 1e6);
}

const recentAtLeast = 25_000;

/** What is known of the keys used last: those since the last turn, and those of the turn before. */
function recentUsage() {
  let [young, old] = [new Map<string, SharedUsage>(), new Map<string, SharedUsage>()];
  return {
    get size() {
      return young.size + old.size;
    },
    of(key: string, make: (key: string) => SharedUsage): SharedUsage {
      const kept = young.get(key);
      if (kept) return kept;
      const usage = old.get(key) ?? make(key);
      old.delete(key);
      if (young.size >= recentAtLeast) [young, old] = [new Map(), young];
      young.set(key, usage);
      return usage;
    },
  };
}
