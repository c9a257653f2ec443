import { dirname, join } from "node:path";
import type { Chance } from "./kernel/chance.ts";
import { changeQueue } from "./kernel/disk.ts";
import type { World } from "./world/world.ts";

/** After something happened time goes on evenly for so long, and between two standstills. */
const evenMs = [300, 1_000, 2_500, 6_000];
const breathMs = 400;
const minuteMs = 60_000;
/** It stands still for so long at least, and for such a part of the time until something happens. */
const stillMs = [5_000, 20_000, 58_000];
const parts = [0.3, 1, 1];

/**
 * Moves time on to a moment (elapsed ms). While anything is under way it goes on evenly; in between the machine stands
 * still for the most part, as one that sleeps does, so that two days take seconds: a few times until the next
 * thing happens, however long that is, unless for `most` ms at a time.
 */
export async function passTo(world: World, until: number, chance: Chance, most = until): Promise<void> {
  const { engine, network } = world;
  const left = () => until - engine.elapsed;
  await engine.pass(Math.min(left(), chance.pick(evenMs)));
  while (left() > 0) {
    const still = Math.max(chance.pick(stillMs), left() * chance.pick(parts));
    if (network.isStill) {
      const stood = Math.min(left(), still, most);
      engine.standStill(stood);
      if (!chance.happens(madeUp) && stood > minuteMs) forgetTicks(world);
    }
    await engine.pass(Math.min(left(), breathMs));
  }
}

/** How often the queue makes up for what recurred while the machine stood still, as it does for ten minutes of it. */
const madeUp = 0.1;

/** As if all of it but the last had come in its time, and had found nothing to do: ten times over that costs most. */
function forgetTicks(world: World): void {
  if (!world.ctx) return;
  const minute = Math.floor((world.now() + world.skewMs) / minuteMs) * minuteMs;
  changeQueue(join(dirname(world.file), "queue.db"), "UPDATE schedule SET next = ?1 WHERE next < ?1", minute);
}
