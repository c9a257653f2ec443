import { expect, test } from "bun:test";
import { hasRedis } from "../support/redis-server.ts";
import { runSeeds, type Told } from "./run.ts";

const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

test.skipIf(!hasRedis)(
  "two histories of a whole shop, with faults at every boundary: all that must hold holds; one seed is one history",
  async () => {
    console.log(`seed ${seed}`);
    const told: Told[] = [];
    const task = { seeds: [seed, seed + 1, seed], days: 0.1, shrinkTries: 0 };
    await runSeeds(task, 1, (history) => told.push(history));
    const [first, second, again] = told;
    expect([first?.violations, second?.violations]).toEqual([[], []]);
    expect(again?.digests).toEqual(first?.digests ?? {});
    expect(first?.counts.deeds).toBeGreaterThan(0);
  },
  60_000,
);
