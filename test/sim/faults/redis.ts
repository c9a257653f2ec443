import type { Fault } from "../actor.ts";

export const redisFaults: readonly Fault[] = [
  {
    name: "redis flushed",
    weight: 4,
    happen: async ({ redis, story }) => {
      story.say("Redis is flushed");
      await redis.flush();
    },
  },
];
