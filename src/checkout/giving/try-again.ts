import type { OrderReward } from "../reward/order-reward.ts";

/** What an operator can mend, or time: more stock or budget, a higher limit. */
const mendable: readonly string[] = ["SOLD_OUT", "LIMIT_REACHED"];

/** When a refused reward is tried again first, and how long, in milliseconds. */
const firstMs = 3_600_000;
const longestMs = 30 * 86_400_000;

/**
 * When to try again to give what was refused for a reason (ms); null where that cannot help. First after an hour, then
 * each time when it is twice as old, for 30 days.
 */
export function tryAgainAt({ createdAt }: Pick<OrderReward, "createdAt">, reason: string, now: number): number | null {
  const age = now - createdAt;
  return mendable.includes(reason) && age < longestMs ? now + Math.max(firstMs, age) : null;
}
