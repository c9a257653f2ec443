import type { Fault } from "../actor.ts";
import { clockFaults } from "./clock.ts";
import { deaths } from "./deaths.ts";
import { diskFaults } from "./disk.ts";
import { distributionFaults } from "./distributions.ts";
import { providerFaults } from "./providers.ts";
import { queueFaults } from "./queue.ts";
import { redisFaults } from "./redis.ts";
import { troubles } from "./troubles.ts";

/** Everything that may go wrong. */
export const faults: readonly Fault[] = [
  ...deaths,
  ...diskFaults,
  ...redisFaults,
  ...troubles,
  ...queueFaults,
  ...providerFaults,
  ...clockFaults,
  ...distributionFaults,
];
