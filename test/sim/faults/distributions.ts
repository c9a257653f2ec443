import type { Fault } from "../actor.ts";
import { nextStep } from "../actors/distributed.ts";
import type { Boundary } from "../world/boundaries.ts";

/** What reading a file, giving its coupons and taking them back pass through. */
const boundaries: readonly Boundary[] = [
  "before commit of fanfare.db",
  "after commit of fanfare.db",
  "before job call",
  "after job call",
  "after queue call",
  "after redis call",
];

/** So long it waits for a distribution to begin (ms): after the last fault nothing more happens. */
const patienceMs = 9 * 60_000;

/** A distribution is over in a moment: what strikes at any time seldom strikes one. */
export const distributionFaults: readonly Fault[] = [
  {
    name: "killed amid a distribution",
    weight: 6,
    happen: (world, chance) => {
      const [boundary, nth, awayMs] = [
        chance.pick(boundaries),
        chance.between(1, 9),
        chance.pick([100, 2_000, 60_000]),
      ];
      const { elapsed } = world.engine;
      world.known(nextStep).push(() => {
        if (world.engine.elapsed - elapsed < patienceMs) world.boundaries.killAt(boundary, nth, awayMs);
      });
    },
  },
];
