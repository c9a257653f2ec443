import { expect, test } from "bun:test";
import { hasRedis } from "../support/redis-server.ts";
import { runSeeds, type Told } from "./run.ts";

const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

test.skipIf(!hasRedis)(
  "two histories of a whole shop, with faults at every boundary: all that must hold holds",
  async () => {
    console.log(`seed ${seed}`);
    const told: Told[] = [];
    const again = Bun.env.FAULT === "long" ? [seed] : [];
    const task = { seeds: [seed, seed + 1, ...again], days: 0.05, shrinkTries: 0 };
    await runSeeds(task, 1, (history) => told.push(history));
    const [first, second, repeated] = told;
    expect([first?.violations, second?.violations]).toEqual([[], []]);
    if (repeated) expect(repeated.digests).toEqual(first?.digests ?? {});
    expect(first?.counts.deeds).toBeGreaterThan(0);
  },
  180_000,
);
