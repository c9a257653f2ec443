import type { Actor, Fault } from "./actor.ts";
import { type Chance, chanceOf } from "./kernel/chance.ts";

const dayMs = 86_400_000;

/** Something that is to happen: who does what, e.g. `member/claim`, or a fault; when (elapsed ms), and by what seed. */
export interface Planned {
  readonly at: number;
  readonly what: string;
  readonly isFault: boolean;
  readonly seed: number;
}

/**
 * What happens in a history, by its seed: some deeds through the day, others in crowds of a second or two, and faults.
 * Each seed leaves out some deeds and faults altogether, so that others meet each other more often.
 */
export function planOf(seed: number, days: number, actors: readonly Actor[], faults: readonly Fault[]): Planned[] {
  const chance = chanceOf(seed, "plan");
  const deeds = Object.fromEntries(
    actors.flatMap(({ name, deeds: own }) =>
      Object.entries(own).map(([deed, { weight }]) => [`${name}/${deed}`, swarm(chance, weight, 0.9)]),
    ),
  );
  const troubles = Object.fromEntries(faults.map(({ name, weight }) => [name, swarm(chance, weight, 0.6)]));
  const planned: Planned[] = [];
  const add = (at: number, what: string, isFault: boolean) =>
    planned.push({ at: Math.floor(at), what, isFault, seed: chance.between(0, 2 ** 31 - 1) });
  for (let day = 0; day < days; day++) {
    const some = chance.between(40, 160);
    for (let n = 0; n < some; n++) add((day + chance.share()) * dayMs, chance.weighted(deeds), false);
    const crowds = chance.between(4, 14);
    for (let n = 0; n < crowds; n++) {
      const begins = (day + chance.share()) * dayMs;
      const lasts = chance.pick([50, 2_000, 60_000]);
      const what = chance.happens(0.5) ? chance.weighted(deeds) : undefined;
      const many = chance.between(5, 40);
      for (let k = 0; k < many; k++) add(begins + chance.share() * lasts, what ?? chance.weighted(deeds), false);
      if (faults.length > 0 && chance.happens(0.6))
        add(begins + chance.share() * lasts, chance.weighted(troubles), true);
    }
    const few = faults.length > 0 ? chance.between(0, 12) : 0;
    for (let n = 0; n < few; n++) add((day + chance.share()) * dayMs, chance.weighted(troubles), true);
  }
  return planned.sort((a, b) => a.at - b.at);
}

/** A weight as this history has it: nothing, or up to three times as much. */
function swarm(chance: Chance, weight: number, often: number): number {
  return chance.happens(often) ? weight * 3 ** (chance.share() * 2 - 1) : weight / 1_000;
}
