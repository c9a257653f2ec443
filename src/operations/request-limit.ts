import { andThen, type MaybePromise } from "../maybe-promise.ts";
import type { LimitPlace } from "../redis/rate-limit.ts";
import { sharedLimit } from "../redis/shared-limit.ts";
import type { RequestRates } from "../web/settings.ts";
import type { World } from "../world.ts";

/** Why a request may not pass now. */
export interface TooOften {
  /** For people: what the limit is, which setting it is, and when to come again. */
  readonly message: string;
  readonly retryAfterSeconds: number;
}

/**
 * Counts one request for something by someone, e.g. `("app", "203.0.113.7")`; answers why it may not pass. At once,
 * unless the other processes have to be asked.
 */
export type RequestLimiter = (what: keyof RequestRates, who: string | number) => MaybePromise<TooOften | undefined>;

/** Makes the gate that requests pass, as often as the installation's rates allow. */
export function createRequestLimit(
  place: LimitPlace & Pick<World, "timers" | "clock">,
  rates: RequestRates,
): RequestLimiter {
  const limits = {
    app: sharedLimit(place, { name: "app", ...rates.app }),
    member: sharedLimit(place, { name: "member", ...rates.member }),
    token: sharedLimit(place, { name: "token", ...rates.token }),
    stranger: sharedLimit(place, { name: "stranger", ...rates.stranger }),
    signIn: sharedLimit(place, { name: "signIn", ...rates.signIn }),
    link: sharedLimit(place, { name: "link", ...rates.link }),
  } satisfies Record<keyof RequestRates, unknown>;
  return (what, who) =>
    andThen(limits[what](who), (seconds) => (seconds === 0 ? undefined : tooOften(rates[what], seconds)));
}

function tooOften({ limit, periodSeconds, setting }: RequestRates["app"], retryAfterSeconds: number): TooOften {
  const allowed = `${limit} in ${periodSeconds} s (${setting})`;
  return { message: `Too many requests: at most ${allowed}; try again in ${retryAfterSeconds} s.`, retryAfterSeconds };
}
