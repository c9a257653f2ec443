import type { Chance } from "../kernel/chance.ts";
import type { Call, Fate } from "../kernel/network.ts";
import { redisHost } from "../kernel/redis.ts";

export const queueHost = "127.0.0.1:3001";

/** Who is called. */
export type Route = "redis" | "queue" | "job" | "provider" | "shop";

/** How often, of 1, what befalls a call. */
export interface Trouble {
  /** The connection breaks before the request arrives. */
  lost: number;
  /** It breaks once it was answered. */
  unheard: number;
  /** It arrives a second time, later. */
  repeated: number;
  /** It takes seconds. */
  slow: number;
  /** Nothing ever comes back. */
  silent: number;
}

export interface Weather {
  /** What is wrong on each route just now; faults change it. */
  readonly troubles: Record<Route, Trouble>;
  /** From now on nothing is wrong anywhere. */
  clear(): void;
  fateOf(call: Call): Fate;
}

const calm: Trouble = { lost: 0, unheard: 0, repeated: 0, slow: 0, silent: 0 };

/**
 * Providers that know no repeats. A network brings a request once: what comes twice was sent twice, which we do not do
 * to these, and no client could undo.
 */
const knowNoRepeats = ["api.twilio.com", "fcm.googleapis.com"];

/** Longer than anyone waits. */
const foreverMs = 1e12;

export function createWeather(chance: Chance): Weather {
  const troubles: Weather["troubles"] = {
    redis: { ...calm },
    queue: { ...calm },
    job: { ...calm },
    provider: { ...calm },
    shop: { ...calm },
  };
  return {
    troubles,
    clear() {
      for (const trouble of Object.values(troubles)) Object.assign(trouble, calm);
    },
    fateOf(call) {
      const trouble = troubles[routeOf(call)];
      const longestMs = chance.happens(trouble.slow) ? 5_000 : 20;
      const fate = { thereMs: chance.between(0, longestMs), backMs: chance.between(0, longestMs) };
      const dice = chance.share();
      const isRepeated = chance.happens(trouble.repeated) && !knowNoRepeats.includes(call.host);
      if (dice < trouble.silent) return { ...fate, backMs: foreverMs, isRepeated };
      if (dice < trouble.silent + trouble.lost) return { ...fate, breaks: "there" };
      if (dice < trouble.silent + trouble.lost + trouble.unheard) return { ...fate, breaks: "back", isRepeated };
      return { ...fate, isRepeated };
    },
  };
}

export function routeOf({ host, path, inside }: Call): Route {
  if (!inside) return "shop";
  if (host === redisHost) return "redis";
  if (host === queueHost) return "queue";
  if (host.startsWith("127.0.0.1:") && path.startsWith("/jobs/")) return "job";
  return host.startsWith("127.0.0.1:") ? "shop" : "provider";
}
