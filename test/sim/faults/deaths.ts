import type { Fault } from "../actor.ts";
import type { Boundary } from "../world/boundaries.ts";

const moments = ["before", "after"] as const;
const boundaries: readonly Boundary[] = moments.flatMap((moment): Boundary[] => [
  `${moment} commit of fanfare.db`,
  `${moment} commit of queue.db`,
  ...(["redis", "queue", "job", "provider"] as const).map((route) => `${moment} ${route} call` as const),
]);

/** The process dies, at once or at a boundary to come, and is started again. */
export const deaths: readonly Fault[] = [
  {
    name: "killed",
    weight: 4,
    happen: ({ process, boundaries }, chance) => {
      const awayMs = chance.pick([100, 2_000, 60_000]);
      if (chance.happens(0.3)) process.crash("at once", awayMs);
      else boundaries.killAmid(chance.between(4, 12), awayMs);
    },
  },
  {
    name: "killed at a boundary",
    weight: 12,
    happen: (world, chance) => {
      const boundary = chance.pick(boundaries);
      world.boundaries.killAt(boundary, chance.between(1, 12), chance.pick([100, 2_000, 60_000]));
    },
  },
  {
    name: "killed as it starts",
    weight: 4,
    happen: (world, chance) => {
      world.process.crash("at once", 100);
      const boundary = chance.pick(boundaries.filter((each) => !each.endsWith("job call")));
      world.boundaries.killAt(boundary, chance.between(1, 6), chance.pick([100, 2_000]));
    },
  },
  {
    name: "queue lost",
    weight: 1,
    happen: ({ process }, chance) => process.crash("with its queue", chance.pick([100, 60_000]), true),
  },
];
