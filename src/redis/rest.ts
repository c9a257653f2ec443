import { Redis, type UpstashRequest, type UpstashResponse } from "@upstash/redis";
import type { Timers } from "../world.ts";
import type { Report } from "./connection.ts";
import { RedisAway } from "./socket.ts";

const timeoutMs = 1_000;
/** After a failure the service is left alone for so long. */
const pauseMs = 500;

interface RestAddress {
  readonly url: string;
  readonly token: string;
}

/** Upstash over REST, with one try and a bounded wait; after a failure it is left alone for half a second. */
export function openRest({ url, token }: RestAddress, timers: Timers, report: Report): Redis {
  const signal = () => AbortSignal.timeout(timeoutMs);
  const redis = new Redis({ url, token, retry: { retries: 0 }, signal, enableTelemetry: false });
  redis.use(withPauses(timers, report));
  return redis;
}

type Send = <Result>(request: UpstashRequest) => Promise<UpstashResponse<Result>>;

/** While the service is away, most callers are refused at once and one in each interval tries it. */
function withPauses(timers: Timers, report: Report) {
  let askAgainAt = 0;
  let outage: string | undefined;
  return async function ask<Result>(request: UpstashRequest, send: Send): Promise<UpstashResponse<Result>> {
    const now = timers.now();
    if (outage && now < askAgainAt) throw new RedisAway(`Redis is away: ${outage}`);
    if (outage) askAgainAt = now + pauseMs;
    try {
      const response = await send<Result>(request);
      back();
      return response;
    } catch (fault) {
      // Redis refused the command, or the service the token: it is there.
      if (fault instanceof Error && fault.name === "UpstashError") {
        back();
        throw fault;
      }
      const why = fault instanceof Error ? fault.message : String(fault);
      if (!outage) report(`Redis is away, Fanfare runs slower: ${why}`);
      outage = why;
      askAgainAt = timers.now() + pauseMs;
      throw new RedisAway(`Redis is away: ${why}`);
    }
  };

  function back(): void {
    if (outage) report(`Redis is back (it was away: ${outage})`);
    outage = undefined;
  }
}
