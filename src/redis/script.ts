import type { Redis } from "@upstash/redis";
import type { Timers } from "../world.ts";
import type { Report } from "./connection.ts";

/** A Lua script whose absence, failure or silence is an answer like any other. */
export interface Script<Result> {
  /**
   * Runs the script by its digest, sending the source when Redis does not have it yet.
   * "unavailable" when there is no Redis, it does not answer in about a second, or the script failed;
   * it may have run all the same. Never throws: the reason goes to {@link watchFailures}'s listener.
   */
  run(redis: Redis | undefined, keys: string[], args: (string | number)[]): Promise<Result | "unavailable">;
}

/**
 * Makes a script of a `.lua` file's text. `decode` gets the reply as @upstash/redis gives it, where text that
 * reads as JSON is parsed already (`"42"` is 42); it throws when the reply is not what the file promises.
 */
export function defineScript<Result>(source: string, decode: (raw: unknown) => Result): Script<Result> {
  const digest = new Bun.CryptoHasher("sha1").update(source).digest("hex");
  return {
    async run(redis, keys, args) {
      if (!redis) return "unavailable";
      try {
        return decode(await evaluate(redis, keys, args));
      } catch (fault) {
        listeners.get(redis)?.(fault instanceof Error ? fault.message : String(fault));
        return "unavailable";
      }
    },
  };

  async function evaluate(redis: Redis, keys: string[], args: (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(digest, keys, args);
    } catch (fault) {
      if (!(fault instanceof Error && fault.message.includes("NOSCRIPT"))) throw fault;
      return redis.eval(source, keys, args);
    }
  }
}

const listeners = new WeakMap<Redis, Report>();
const quietMs = 1_000;

/** Says no more of this client, which is closed: that nothing runs any more is no failure. */
export function forgetFailures(redis: Redis): void {
  listeners.delete(redis);
}

/** Tells `report` why scripts on this client fail: one line a second at most, with the number left unsaid. */
export function watchFailures(redis: Redis, timers: Timers, report: Report): void {
  let quietUntil = 0;
  let unsaid = 0;
  listeners.set(redis, (why) => {
    const now = timers.now();
    if (now < quietUntil) {
      unsaid += 1;
      return;
    }
    report(`a Redis script failed: ${why}${unsaid ? ` (and ${unsaid} more since the last line)` : ""}`);
    quietUntil = now + quietMs;
    unsaid = 0;
  });
}
