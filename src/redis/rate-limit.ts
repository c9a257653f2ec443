import type { Redis } from "@upstash/redis";
import { type Memory, perApp } from "../memory.ts";
import { stillWaits } from "../world.ts";
import source from "./rate-limit.lua" with { type: "text" };
import { defineScript } from "./script.ts";

/** A limit of `limit` requests in `periodSeconds` for whatever `key` names, e.g. `member:7:claim`. */
export interface RateLimit {
  readonly key: string;
  readonly limit: number;
  readonly periodSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Where the requests are counted: in Redis, or in what this process remembers. */
export interface LimitPlace {
  readonly redis: Redis | undefined;
  readonly memory: Memory;
}

export type RateVerdict = { readonly allowed: true } | { readonly allowed: false; readonly retryAfterSeconds: number };

/**
 * Counts one request and says whether it may pass. GCRA: an idle key may burst `limit` requests, then one passes
 * every `periodSeconds / limit`; so any t seconds let through at most limit × (1 + t / periodSeconds).
 * While Redis is unavailable the limit holds per process, for the keys used last.
 */
export async function rateLimit(place: LimitPlace, request: RateLimit): Promise<RateVerdict> {
  const { now, interval, tolerance } = microseconds(request);
  const answer = await script.run(place.redis, [`rate:{${request.key}}`], [now, interval, tolerance]);
  return verdict(
    answer === "unavailable" ? countHere(arrivalsIn(place), request.key, { now, interval, tolerance }) : answer,
  );
}

/** Whole microseconds, so that both roads reckon exactly; the interval is rounded up, never lenient. */
function microseconds({ limit, periodSeconds, now }: RateLimit) {
  const interval = Math.ceil((periodSeconds * 1e6) / limit);
  return { now: Math.round(now * 1_000), interval, tolerance: interval * (limit - 1) };
}

function verdict(waitMicros: number): RateVerdict {
  return waitMicros === 0 ? { allowed: true } : { allowed: false, retryAfterSeconds: Math.ceil(waitMicros / 1e6) };
}

/** Microseconds to wait, 0 when the request may pass. */
const script = defineScript(source, (raw): number => {
  const [word, wait] = Array.isArray(raw) ? raw : [];
  if (word === "allowed") return 0;
  if (word === "refused" && typeof wait === "number") return wait;
  throw new TypeError("rate-limit.lua answered something else");
});

const arrivalsIn = (place: LimitPlace) => perApp(place, "redis.rateLimits", () => new Map<string, number>());
const maxKeys = 10_000;

/** The same reckoning in this process; the map's order is the order of use, so the stalest key goes first. */
function countHere(
  arrivals: Map<string, number>,
  key: string,
  { now, interval, tolerance }: ReturnType<typeof microseconds>,
): number {
  const kept = arrivals.get(key) ?? 0;
  const tat = stillWaits(kept, now, tolerance + interval) ? kept : now;
  const early = tat - now - tolerance;
  if (early > 0) return early;
  arrivals.delete(key);
  arrivals.set(key, tat + interval);
  if (arrivals.size > maxKeys) for (const stalest of arrivals.keys().take(1)) arrivals.delete(stalest);
  return 0;
}
