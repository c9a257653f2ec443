import type { Fault } from "../actor.ts";

const minuteMs = 60_000;

/** The shop's clock goes wrong for a while, forward or back. */
export const clockFaults: readonly Fault[] = [
  {
    name: "clock off",
    weight: 4,
    happen: (world, chance) => {
      const { engine, story } = world;
      const skewMs = chance.pick([-20, -3, -0.02, 0.02, 3, 20]) * minuteMs;
      const ms = chance.pick([10_000, 10 * minuteMs, 120 * minuteMs]);
      story.say(`the shop's clock is off by ${skewMs / 1_000} s for ${ms / 1_000} s`);
      world.skewMs = skewMs;
      const end = () => {
        if (world.skewMs !== 0) world.skewMs = 0;
      };
      engine.after(ms, end, false);
    },
  },
];
