import { type LimitPlace, type RateVerdict, rateLimit } from "../redis/rate-limit.ts";

/** `limit` requests in `periodSeconds`. */
export interface Rate {
  readonly limit: number;
  readonly periodSeconds: number;
}

export interface RequestLimits {
  /** Generous: many members share an address. */
  readonly perAddress: Rate;
  readonly perMember: Rate;
}

export const usualRequestLimits: RequestLimits = {
  perAddress: { limit: 600, periodSeconds: 10 },
  perMember: { limit: 60, periodSeconds: 10 },
};

/** Whose requests are counted. */
export type Requester = { readonly address: string } | { readonly member: number };

/** Counts one request and says whether it may pass. */
export type RequestLimiter = (requester: Requester) => Promise<RateVerdict>;

/** Makes the gate that the app's requests pass first by address, then by member. */
export function createRequestLimit(
  ctx: LimitPlace & { readonly clock: () => number },
  limits: RequestLimits = usualRequestLimits,
): RequestLimiter {
  return (requester) =>
    "member" in requester
      ? rateLimit(ctx, { key: `app:member:${requester.member}`, ...limits.perMember, now: ctx.clock() })
      : rateLimit(ctx, { key: `app:address:${requester.address}`, ...limits.perAddress, now: ctx.clock() });
}
