import type { Chance } from "./kernel/chance.ts";
import type { World } from "./world/world.ts";

/** After something happened time goes on evenly for so long, and between two standstills. */
const evenMs = 20_000;
const breathMs = 400;
const nightMs = 30 * 60_000;

/**
 * Moves time on to a moment (elapsed ms). While anything is under way it goes on evenly; in between the machine stands
 * still for the most part, as one that sleeps does, so that two days take seconds: up to a minute at a time, in long
 * stretches without anybody longer.
 */
export async function passTo({ engine, network }: World, until: number, chance: Chance): Promise<void> {
  const alone = until - engine.elapsed;
  const longestMs = alone > nightMs ? 8 * 60_000 : 55_000;
  await engine.pass(Math.min(alone, evenMs));
  while (engine.elapsed < until) {
    const isStill = network.isStill && engine.elapsed - network.lastAt >= breathMs / 2;
    if (isStill) engine.standStill(Math.min(until - engine.elapsed, chance.between(5_000, longestMs)));
    await engine.pass(Math.min(until - engine.elapsed, breathMs));
    if (isStill) await engine.pass(0);
  }
}
