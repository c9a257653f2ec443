import type { Chance } from "./kernel/chance.ts";
import type { World } from "./world/world.ts";

/** After something happened time goes on evenly for so long, and between two standstills. */
const evenMs = 8_000;
const breathMs = 400;
/** How long it stands still: among people, and in stretches without any, of so long at least. */
const [shortMs, longMs] = [
  [5_000, 20_000, 55_000, 58_000],
  [58_000, 300_000, 600_000, 1_200_000],
];
const aloneMs = 3 * 60_000;

/**
 * Moves time on to a moment (elapsed ms). While anything is under way it goes on evenly; in between the machine stands
 * still for the most part, as one that sleeps does, so that two days take seconds: up to a minute at a time, in long
 * stretches without anybody longer.
 */
export async function passTo({ engine, network }: World, until: number, chance: Chance): Promise<void> {
  const alone = until - engine.elapsed;
  const lengths = alone > aloneMs ? longMs : shortMs;
  await engine.pass(Math.min(alone, evenMs));
  while (engine.elapsed < until) {
    if (network.isStill) engine.standStill(Math.min(until - engine.elapsed, chance.pick(lengths)));
    await engine.pass(Math.min(until - engine.elapsed, breathMs));
  }
}
