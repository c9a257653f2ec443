import type { Checker } from "../actor.ts";
import { soldOutTold } from "../actors/promises.ts";
import { named, rowOf } from "../world/told.ts";

/** A crowd is told what the database said within the last second. */
const freshMs = 1_000;

/** "Sold out" was true when it was said: nothing was left at some moment of the call, or within the second before. */
export const soldOut: Checker = {
  name: "I4 sold out",
  always: async (world) =>
    world
      .known(soldOutTold)
      .splice(0)
      .filter(({ templateId, from }) => world.full.lastFull(rowOf(templateId)) < from - freshMs)
      .map(
        ({ templateId, from, to }) => `${named(templateId)} was said to be sold out at ${from}–${to} ms: it was not`,
      ),
};
