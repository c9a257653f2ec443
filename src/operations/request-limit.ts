import { type LimitPlace, rateLimit } from "../redis/rate-limit.ts";
import type { RequestRates } from "../web/settings.ts";

/** Why a request may not pass now. */
export interface TooOften {
  /** For people: what the limit is, which setting it is, and when to come again. */
  readonly message: string;
  readonly retryAfterSeconds: number;
}

/** Counts one request for something by someone, e.g. `("app", "203.0.113.7")`; answers why it may not pass. */
export type RequestLimiter = (what: keyof RequestRates, who: string | number) => Promise<TooOften | undefined>;

/** Makes the gate that requests pass, as often as the installation's rates allow. */
export function createRequestLimit(
  ctx: LimitPlace & { readonly clock: () => number },
  rates: RequestRates,
): RequestLimiter {
  return async (what, who) => {
    const { limit, periodSeconds, setting } = rates[what];
    const verdict = await rateLimit(ctx, { key: `${what}:${who}`, limit, periodSeconds, now: ctx.clock() });
    if (verdict.allowed) return undefined;
    const { retryAfterSeconds } = verdict;
    const allowed = `${limit} in ${periodSeconds} s (${setting})`;
    const message = `Too many requests: at most ${allowed}; try again in ${retryAfterSeconds} s.`;
    return { message, retryAfterSeconds };
  };
}
