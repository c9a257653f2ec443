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

/** A distribution is over in a moment: what strikes at any time seldom strikes one. */
export const distributionFaults: readonly Fault[] = [
  {
    name: "killed amid a distribution",
    weight: 20,
    happen: (world, chance) => {
      const [boundary, nth, awayMs] = [
        chance.pick(boundaries),
        chance.between(1, 9),
        chance.pick([100, 2_000, 60_000]),
      ];
      world.known(nextStep).push(() => world.boundaries.killAt(boundary, nth, awayMs));
    },
  },
];
