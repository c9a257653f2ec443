import type { Actor, Fault } from "./actor.ts";
import { type Chance, chanceOf } from "./kernel/chance.ts";

const dayMs = 86_400_000;
/** How long a busy stretch lasts. */
const busyMs = [60_000, 300_000, 900_000];

/** Something that is to happen: who does what, e.g. `member/claim`, or a fault; when (ms), and the seed of how. */
export interface Planned {
  readonly at: number;
  readonly what: string;
  readonly isFault: boolean;
  readonly seed: number;
}

/**
 * What happens in a history, by its seed: deeds and faults in a few busy stretches of the day, some in crowds of a
 * second or two, and few between. Each seed leaves out some deeds and faults altogether, so that others meet each other
 * more often.
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
    const part = Math.min(1, days - day);
    const times = (least: number, most: number) => Math.round(chance.between(least, most) * part);
    const moment = () => (day + chance.share() * part) * dayMs;
    const stretches = Array.from({ length: times(4, 16) }, () => ({ begins: moment(), lasts: chance.pick(busyMs) }));
    const busy = () => {
      if (stretches.length === 0 || chance.happens(0.05)) return moment();
      const { begins, lasts } = chance.pick(stretches);
      return begins + chance.share() * lasts;
    };
    for (let left = times(40, 160); left > 0; left--) add(busy(), chance.weighted(deeds), false);
    for (let left = times(4, 14); left > 0; left--) {
      const begins = busy();
      const lasts = chance.pick([50, 2_000, 60_000]);
      const what = chance.happens(0.5) ? chance.weighted(deeds) : undefined;
      for (let many = chance.between(5, 40); many > 0; many--)
        add(begins + chance.share() * lasts, what ?? chance.weighted(deeds), false);
      if (chance.happens(0.6)) add(begins + chance.share() * lasts, chance.weighted(troubles), true);
    }
    for (let left = times(0, 12); left > 0; left--) add(busy(), chance.weighted(troubles), true);
  }
  return planned.sort((a, b) => a.at - b.at);
}

/** A weight as this history has it: nothing, or up to three times as much. */
function swarm(chance: Chance, weight: number, often: number): number {
  return chance.happens(often) ? weight * 3 ** (chance.share() * 2 - 1) : weight / 1_000;
}
