import { answerAsked } from "../../support/upstash-rest.ts";
import type { Engine } from "./engine.ts";
import type { Handler } from "./network.ts";

/** A real Redis behind Upstash's protocol, whose keys grow old by virtual time. */
export interface VirtualRedis {
  readonly handler: Handler;
  /** Forgets everything. */
  flush(): Promise<void>;
  /** Keeps all that it has now, as a replica does that falls behind … */
  keep(): Promise<void>;
  /** … and has that again, in the place of all that came since; nothing where nothing was kept. */
  takeOver(): Promise<void>;
  /** Forgets all scripts, as one does that was started anew. */
  forgetScripts(): Promise<void>;
}

export const redisHost = "redis.sim";
export const redisToken = "token of the simulated redis, 32 chars";

/** Real ms that may pass between a script's setting of a time to live and our reading of it. */
const slackMs = 20;

const takeAges = `local found = {}
for _, key in ipairs(redis.call("KEYS", "*")) do
  local left = redis.call("PTTL", key)
  if left >= 0 then
    redis.call("PERSIST", key)
    found[#found + 1] = key
    found[#found + 1] = left
  end
end
return found`;
const giveAges = `for n = 1, #ARGV, 2 do redis.call("PEXPIRE", ARGV[n], ARGV[n + 1]) end`;

/** From one of its databases into another, which is emptied first. */
const copyAll = `redis.call("SELECT", ARGV[2])
redis.call("FLUSHDB")
redis.call("SELECT", ARGV[1])
for _, key in ipairs(redis.call("KEYS", "*")) do redis.call("COPY", key, key, "DB", ARGV[2]) end
redis.call("SELECT", 0)`;

/**
 * `send` is a connection to a Redis of the simulation's own. Redis counts by its own clock, so that before each call
 * its keys are told how long they have still to live, and after it they are asked, and told nothing: what is left is
 * kept here.
 */
export function virtualRedis(engine: Engine, redis: Bun.RedisClient): VirtualRedis {
  const endsAt = new Map<string, number>();
  let kept: Map<string, number> | undefined;
  const send = (command: string, args: string[]) => redis.send(command, args);

  /** All of it goes out at once, and comes back at once: Redis takes the commands of a connection in their order. */
  async function exchange(request: Request) {
    const asked = await request.json();
    const now = engine.elapsed;
    const over = [...endsAt].filter(([, at]) => at <= now).map(([key]) => key);
    for (const key of over) endsAt.delete(key);
    const aging: Promise<unknown>[] = over.length > 0 ? [send("DEL", over)] : [];
    if (endsAt.size > 0) {
      const ages = [...endsAt].flatMap(([key, at]) => [key, String(Math.ceil(at - now) + slackMs)]);
      aging.push(send("EVAL", [giveAges, "0", ...ages]));
    }
    const replying = answerAsked(redis, request, asked);
    const [reply, found] = await Promise.all([replying, send("EVAL", [takeAges, "0"]), ...aging]);
    const before = new Map(endsAt);
    endsAt.clear();
    if (!Array.isArray(found)) throw new TypeError("Redis told no ages");
    for (let n = 0; n < found.length; n += 2) {
      const [key, left] = [String(found[n]), Number(found[n + 1])];
      const known = before.get(key);
      const isAsBefore = known !== undefined && Math.abs(now + left - slackMs - known) <= slackMs;
      endsAt.set(key, isAsBefore ? known : now + Math.ceil(left / slackMs) * slackMs);
    }
    return reply;
  }

  return {
    async handler(request) {
      if (request.headers.get("authorization") !== `Bearer ${redisToken}`)
        return Response.json({ error: "WRONGPASS invalid or missing auth token" }, { status: 401 });
      return engine.native(() => exchange(request));
    },
    async keep() {
      kept = new Map(endsAt);
      await engine.native(() => send("EVAL", [copyAll, "0", "0", "1"]));
    },
    async takeOver() {
      if (!kept) return;
      endsAt.clear();
      for (const [key, at] of kept) endsAt.set(key, at);
      await engine.native(() => send("EVAL", [copyAll, "0", "1", "0"]));
    },
    async forgetScripts() {
      await engine.native(() => send("SCRIPT", ["FLUSH"]));
    },
    async flush() {
      endsAt.clear();
      kept = undefined;
      await engine.native(() => send("FLUSHALL", []));
    },
  };
}
