import { Redis, type UpstashRequest, type UpstashResponse } from "@upstash/redis";
import type { Report } from "./connection.ts";
import { RedisAway } from "./socket.ts";

const answerWithinMs = 1_000;
const restMs = 500;

/** Upstash over REST, with one try and a bounded wait; after a failure it is left alone for half a second. */
export function openRest(url: string, token: string, report: Report): Redis {
  const signal = () => AbortSignal.timeout(answerWithinMs);
  const redis = new Redis({ url, token, retry: { retries: 0 }, signal, enableTelemetry: false });
  redis.use(sparing(report));
  return redis;
}

type Send = <Result>(request: UpstashRequest) => Promise<UpstashResponse<Result>>;

/** While the service is away, most callers are refused at once and one in each interval tries it. */
function sparing(report: Report) {
  let askAgainAt = 0;
  let outage: string | undefined;
  return async function ask<Result>(request: UpstashRequest, send: Send): Promise<UpstashResponse<Result>> {
    const now = performance.now();
    if (outage && now < askAgainAt) throw new RedisAway(`Redis is away: ${outage}`);
    if (outage) askAgainAt = now + restMs;
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
      askAgainAt = performance.now() + restMs;
      throw new RedisAway(`Redis is away: ${why}`);
    }
  };

  function back(): void {
    if (outage) report(`Redis is back (it was away: ${outage})`);
    outage = undefined;
  }
}
