import type { Fault } from "../actor.ts";
import type { World } from "../world/world.ts";

/** Redis does this to every call for a while. */
function trouble({ weather, engine, story }: World, kind: "lost" | "silent", ms: number): void {
  story.say(`Redis is ${kind === "lost" ? "away" : "silent"} for ${ms / 1_000} s`);
  const { redis } = weather.troubles;
  redis[kind] = 1;
  const end = () => {
    redis[kind] = 0;
  };
  engine.after(ms, end, false);
}

/** Redis is a memory that others may lose, keep too long, or not reach. */
export const redisFaults: readonly Fault[] = [
  {
    name: "redis flushed",
    weight: 4,
    happen: async ({ redis, story }) => {
      story.say("Redis is flushed");
      await redis.flush();
    },
  },
  {
    name: "redis stale",
    weight: 4,
    happen: async ({ redis, story, engine }, chance) => {
      await redis.keep();
      const ms = chance.pick([1_000, 60_000, 3_600_000]);
      const takeOver = () => {
        story.say(`Redis is as it was ${ms / 1_000} s ago`);
        void redis.takeOver();
      };
      engine.after(ms, takeOver, false);
    },
  },
  {
    name: "redis forgets its scripts",
    weight: 2,
    happen: async ({ redis, story }) => {
      story.say("Redis forgets its scripts");
      await redis.forgetScripts();
    },
  },
  { name: "redis away", weight: 3, happen: (world, chance) => trouble(world, "lost", chance.pick([500, 20_000])) },
  { name: "redis silent", weight: 3, happen: (world, chance) => trouble(world, "silent", chance.pick([500, 20_000])) },
];
